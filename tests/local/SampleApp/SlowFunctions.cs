using Microsoft.AspNetCore.Http;
using Microsoft.Azure.Functions.Worker;

namespace WebHost.Local.SampleApp;

public static class SlowFunctions
{
    /// <summary>Writes a first line at once, and a second when the request's body has ended.</summary>
    [Function("Slow")]
    public static async Task Run([HttpTrigger(AuthorizationLevel.Anonymous, "post", Route = "slow")] HttpRequest request)
    {
        ArgumentNullException.ThrowIfNull(request);
        var response = request.HttpContext.Response;
        await response.WriteAsync("begun\n");
        await response.Body.FlushAsync();
        await request.Body.CopyToAsync(Stream.Null);
        await response.WriteAsync("finished\n");
    }
}
