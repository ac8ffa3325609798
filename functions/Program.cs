using Microsoft.Azure.Functions.Worker.Builder;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;
using WebHost;
using WebHost.Problems;

var builder = FunctionsApplication.CreateBuilder(args);
builder.ConfigureFunctionsWebApplication();
builder.UseMiddleware<ProblemMiddleware>();
try
{
    builder.Services.AddWebHost(builder.Configuration);
}
catch (OptionsValidationException faulty)
{
    Console.Error.WriteLine("WebHost cannot start until these settings are mended:");
    Console.Error.WriteLine("  " + string.Join("\n  ", faulty.Failures));
    return 1;
}

builder.Build().Run();
return 0;
