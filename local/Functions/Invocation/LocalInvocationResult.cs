using Microsoft.Azure.Functions.Worker;

namespace WebHost.Local.Functions;

internal sealed class LocalInvocationResult(LocalFunctionContext context) : InvocationResult
{
    public override object? Value
    {
        get => context.Result;
        set => context.Result = value;
    }
}
