using Microsoft.AspNetCore.Http;
using Microsoft.Azure.Functions.Worker;

namespace WebHost.Local.Functions;

/// <summary>One invocation, and what set it off, in the form that the function's trigger parameter is bound from.</summary>
internal sealed class LocalFunctionContext(
    LocalFunction function, IServiceProvider services, object? trigger, CancellationToken cancellationToken) : FunctionContext
{
    private string? _invocationId;
    private IDictionary<object, object>? _items;

    public override string InvocationId => _invocationId ??= Guid.NewGuid().ToString();

    public override string FunctionId => function.Id;

    public override IServiceProvider InstanceServices { get; set; } = services;

    public override FunctionDefinition FunctionDefinition => function;

    public override IDictionary<object, object> Items
    {
        get => _items ??= new Dictionary<object, object>();
        set => _items = value;
    }

    public override CancellationToken CancellationToken => cancellationToken;

    internal LocalFunction Function => function;

    internal object? Trigger => trigger;

    /// <summary>Set once the invocation is inside the ASP.NET Core integration.</summary>
    internal HttpContext? HttpContext { get; set; }

    internal ServiceBusMessageActions? MessageActions { get; init; }

    internal object? Result { get; set; }
}
