using System.Diagnostics.CodeAnalysis;

namespace Microsoft.Azure.Functions.Worker.Middleware;

[SuppressMessage("Naming", "CA1711", Justification = "The name is the mirrored API's.")]
public delegate Task FunctionExecutionDelegate(FunctionContext context);
