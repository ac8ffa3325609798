using Microsoft.Extensions.DependencyInjection;
using WebHost.Local.Functions;

namespace Microsoft.Azure.Functions.Worker.Builder;

public static class FunctionsApplicationBuilderAspNetCoreExtensions
{
    /// <summary>
    /// Serves HTTP functions through ASP.NET Core. Middleware added after this call sees the request and may replace the
    /// function's result before it is executed; middleware added before it runs outside of that.
    /// </summary>
    public static FunctionsApplicationBuilder ConfigureFunctionsWebApplication(this FunctionsApplicationBuilder builder)
    {
        ArgumentNullException.ThrowIfNull(builder);
        if (!builder.ServesHttp)
        {
            builder.ServesHttp = true;
            builder.Services.AddMvcCore();
            builder.Use(HttpResultMiddleware.Wrap);
        }

        return builder;
    }
}
