namespace WebHost.Providers.Fly;

/// <summary>What runs on a machine; Fly's own names (<c>fly.MachineConfig</c>).</summary>
public sealed record FlyMachineConfig
{
    /// <summary>The container image.</summary>
    public required string Image { get; init; }

    /// <summary>Processor and memory; Fly's smallest when absent.</summary>
    public FlyGuest? Guest { get; init; }

    /// <summary>Environment variables. Secrets do not belong here: they go into the app's secrets.</summary>
    public IReadOnlyDictionary<string, string>? Env { get; init; }

    /// <summary>Marks on the machine. The owner's are added when it is made.</summary>
    public IReadOnlyDictionary<string, string>? Metadata { get; init; }

    /// <summary>At most one.</summary>
    public IReadOnlyList<FlyMount>? Mounts { get; init; }

    /// <summary>What Fly's proxy serves from it.</summary>
    public IReadOnlyList<FlyService>? Services { get; init; }

    /// <summary>Health checks by name.</summary>
    public IReadOnlyDictionary<string, FlyCheck>? Checks { get; init; }

    /// <summary>What happens when its process ends.</summary>
    public FlyRestart? Restart { get; init; }

    /// <summary>Whether the machine is destroyed when its process ends.</summary>
    public bool? AutoDestroy { get; init; }
}

/// <summary>Processor and memory of a machine.</summary>
/// <param name="CpuKind"><c>shared</c> or <c>performance</c>.</param>
/// <param name="MemoryMb">Memory in MB.</param>
public sealed record FlyGuest(string CpuKind, int Cpus, int MemoryMb);

/// <summary>A volume in a machine.</summary>
/// <param name="Volume">The volume's identifier.</param>
public sealed record FlyMount(string Volume, string Path);

/// <summary>A port of the machine that Fly's proxy serves.</summary>
public sealed record FlyService
{
    /// <summary><c>tcp</c> or <c>udp</c>.</summary>
    public string Protocol { get; init; } = "tcp";

    /// <summary>Where the machine listens.</summary>
    public required int InternalPort { get; init; }

    /// <summary>Where the proxy listens.</summary>
    public IReadOnlyList<FlyPort> Ports { get; init; } = [];

    /// <summary>What an idle machine does: <c>off</c>, <c>stop</c> or <c>suspend</c>.</summary>
    public string? Autostop { get; init; }

    /// <summary>Whether a request starts a stopped machine.</summary>
    public bool? Autostart { get; init; }

    /// <summary>How many machines of the primary region never go idle.</summary>
    public int? MinMachinesRunning { get; init; }

    /// <summary>How much one machine takes.</summary>
    public FlyConcurrency? Concurrency { get; init; }

    /// <summary>Health checks that decide whether the proxy sends requests.</summary>
    public IReadOnlyList<FlyCheck>? Checks { get; init; }
}

/// <summary>A public port and what the proxy does on it, such as <c>tls</c> and <c>http</c>.</summary>
public sealed record FlyPort(int Port, IReadOnlyList<string> Handlers)
{
    /// <summary>Whether plain HTTP is redirected.</summary>
    public bool? ForceHttps { get; init; }
}

/// <summary>How much a machine takes before another is used.</summary>
/// <param name="Type"><c>connections</c> or <c>requests</c>.</param>
public sealed record FlyConcurrency(string Type, int SoftLimit, int HardLimit);

/// <summary>How Fly sees whether a machine is well; durations as <c>10s</c>.</summary>
/// <param name="Type"><c>tcp</c> or <c>http</c>.</param>
public sealed record FlyCheck(string Type, int? Port)
{
    /// <summary>The HTTP method of an <c>http</c> check.</summary>
    public string? Method { get; init; }

    /// <summary>The path of an <c>http</c> check.</summary>
    public string? Path { get; init; }

    /// <summary>How often.</summary>
    public string? Interval { get; init; }

    /// <summary>How long an answer may take.</summary>
    public string? Timeout { get; init; }

    /// <summary>How long after the start failures do not count.</summary>
    public string? GracePeriod { get; init; }
}

/// <summary>What happens when the machine's process ends.</summary>
/// <param name="Policy"><c>no</c>, <c>always</c> or <c>on-failure</c>.</param>
public sealed record FlyRestart(string Policy)
{
    /// <summary>How often, with <c>on-failure</c>.</summary>
    public int? MaxRetries { get; init; }
}
