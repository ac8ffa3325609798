using System.Reflection;
using Microsoft.Azure.Functions.Worker;
using Microsoft.Azure.Functions.Worker.Extensions.Abstractions;

namespace WebHost.Local.Functions;

/// <summary>A function that was found and can be invoked.</summary>
internal sealed class LocalFunction(
    string name, MethodInfo method, TriggerBindingAttribute trigger, ParameterInfo triggerParameter, FunctionMethod invoke)
    : FunctionDefinition
{
    public override string PathToAssembly => method.DeclaringType!.Assembly.Location;

    public override string EntryPoint => $"{method.DeclaringType!.FullName}.{method.Name}";

    public override string Id => EntryPoint;

    public override string Name => name;

    internal TriggerBindingAttribute Trigger => trigger;

    internal ParameterInfo TriggerParameter => triggerParameter;

    internal MethodInfo Method => method;

    internal FunctionMethod Invoke => invoke;
}
