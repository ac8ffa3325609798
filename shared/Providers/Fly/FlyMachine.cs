namespace WebHost.Providers.Fly;

/// <summary>A machine that exists.</summary>
/// <param name="InstanceId">The version of its configuration, to be waited for.</param>
/// <param name="State">Fly's word, such as <c>created</c>, <c>started</c> or <c>stopped</c>.</param>
public sealed record FlyMachine(string Id, string Name, string Region, string State, string InstanceId)
{
    /// <summary>What runs on it, marks included.</summary>
    public FlyMachineConfig? Config { get; init; }

    /// <summary>Whether the proxy sends it no requests.</summary>
    public bool Cordoned { get; init; }

    /// <summary>The address on the private network.</summary>
    public string? PrivateIp { get; init; }
}
