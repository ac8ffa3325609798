namespace WebHost.Local.Functions;

/// <summary>Makes the function's class, binds its parameters, calls it, and keeps its result, if it has one, in the context.</summary>
internal delegate Task FunctionMethod(LocalFunctionContext context);
