namespace WebHost.Local.Functions;

/// <summary>Makes the function's class, binds its parameters, calls it and awaits its result, if it has one.</summary>
internal delegate ValueTask<object?> FunctionMethod(LocalFunctionContext context);
