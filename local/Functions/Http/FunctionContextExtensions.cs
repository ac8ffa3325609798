using Microsoft.AspNetCore.Http;
using WebHost.Local.Functions;

namespace Microsoft.Azure.Functions.Worker;

public static class FunctionContextExtensions
{
    /// <returns>The request, or null for an invocation that HTTP did not set off.</returns>
    public static HttpContext? GetHttpContext(this FunctionContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        return ((LocalFunctionContext)context).HttpContext;
    }
}
