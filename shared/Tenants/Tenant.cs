using WebHost.Plans;

namespace WebHost.Tenants;

/// <summary>A customer.</summary>
public sealed record Tenant
{
    /// <summary>Our id.</summary>
    public required Guid Id { get; init; }

    /// <summary>The company's name.</summary>
    public required string Company { get; init; }

    /// <summary>Whom to write to.</summary>
    public required string Email { get; init; }

    /// <summary>What it pays for.</summary>
    public required PlanId Plan { get; init; }

    /// <summary>Where it is in its life.</summary>
    public required TenantState State { get; init; }

    /// <summary>What it signed up with, as JSON.</summary>
    public required string Signup { get; init; }

    /// <summary>What the decision engine recommended and why, as JSON.</summary>
    public required string Recommendation { get; init; }

    /// <summary>When it signed up, UTC.</summary>
    public DateTimeOffset CreatedAt { get; init; }
}
