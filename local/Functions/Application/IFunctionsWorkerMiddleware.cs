using System.Diagnostics.CodeAnalysis;

namespace Microsoft.Azure.Functions.Worker.Middleware;

public interface IFunctionsWorkerMiddleware
{
    [SuppressMessage("Naming", "CA1716", Justification = "The name is the mirrored API's.")]
    Task Invoke(FunctionContext context, FunctionExecutionDelegate next);
}
