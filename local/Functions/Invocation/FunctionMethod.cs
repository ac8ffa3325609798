namespace WebHost.Local.Functions;

/// <summary>Makes the function's class, binds its parameters, calls it and awaits its result; null when it has none.</summary>
internal delegate ValueTask<object?> FunctionMethod(LocalFunctionContext context);
