using WebHost.Plans;

namespace WebHost.Placement;

/// <summary>Where a tenant lives.</summary>
public sealed record TenantPlacement
{
    /// <summary>The tenant.</summary>
    public required Guid TenantId { get; init; }

    /// <summary>Grows with every move; whoever holds an older one may no longer write.</summary>
    public required long Epoch { get; init; }

    /// <summary>
    /// Number of the home it is served from: the epoch at which the home serves first, and so at most <see cref="Epoch"/>.
    /// </summary>
    public required long Home { get; init; }

    /// <summary>The plan for which the home is made.</summary>
    public required PlanId Plan { get; init; }

    /// <summary>Whether it shares its infrastructure.</summary>
    public required HostingMode Mode { get; init; }

    /// <summary>Whose infrastructure it is.</summary>
    public required HostingProvider Provider { get; init; }

    /// <summary>The provider's region code.</summary>
    public required string Region { get; init; }

    /// <summary>The name at which the tenant is reached; the same wherever it lives.</summary>
    public required string Hostname { get; init; }

    /// <summary>Whether it is served yet.</summary>
    public required PlacementState State { get; init; }

    /// <summary>The shared server, when on one.</summary>
    public Guid? ServerId { get; init; }

    /// <summary>The database, once there is one.</summary>
    public Guid? DatabaseId { get; init; }

    /// <summary>What things of this home are called.</summary>
    public ResourceNames Names => new(TenantId, Home);
}

/// <summary>Whether a placement is served.</summary>
public enum PlacementState
{
    /// <summary>Being made.</summary>
    Preparing,

    /// <summary>In use.</summary>
    Serving,

    /// <summary>Its making failed and was undone.</summary>
    Abandoned,

    /// <summary>Not the placement but another home of the tenant: one to which it is to move, or from which it has moved.</summary>
    Elsewhere,
}
