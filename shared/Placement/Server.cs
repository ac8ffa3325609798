namespace WebHost.Placement;

/// <summary>A dedicated server that many tenants share.</summary>
public sealed record Server
{
    /// <summary>Most tenants one server takes: the figure on which the hobby plan's price rests.</summary>
    public const int MaximumCapacity = 150;

    /// <summary>Our id.</summary>
    public required Guid Id { get; init; }

    /// <summary>The operators' name for it, unique.</summary>
    public required string Name { get; init; }

    /// <summary>The vendor's number for it.</summary>
    public required long ProviderServerNumber { get; init; }

    /// <summary>The vendor's location code.</summary>
    public required string Region { get; init; }

    /// <summary>Its public IP address.</summary>
    public required string Address { get; init; }

    /// <summary>Whether it takes tenants.</summary>
    public required ServerState State { get; init; }

    /// <summary>Its database.</summary>
    public required Guid DatabaseId { get; init; }

    /// <summary>Its Redis; absent when it has none.</summary>
    public ServerRedis? Redis { get; init; }

    /// <summary>How many tenants it may hold.</summary>
    public required int Capacity { get; init; }

    /// <summary>How many it holds.</summary>
    public required int Tenants { get; init; }
}

/// <summary>Whether a shared server takes tenants.</summary>
public enum ServerState
{
    /// <summary>It takes tenants while it has free slots.</summary>
    Accepting,

    /// <summary>It keeps the tenants it has and takes no more.</summary>
    Closed,
}
