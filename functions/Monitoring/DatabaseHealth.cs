using WebHost.Placement;

namespace WebHost.Monitoring;

/// <summary>How a database that serves tenants answers.</summary>
/// <param name="DatabaseId">The database.</param>
/// <param name="State">How it answers.</param>
/// <param name="Reason">What was seen when that began, in a sentence.</param>
/// <param name="Since">Since when, UTC.</param>
/// <param name="LostSince">Since when it serves nobody, UTC; null when it serves.</param>
/// <param name="AnsweredAt">When it was looked at and answered last, UTC; null when it never did.</param>
/// <param name="LookedAt">When it was looked at last, UTC.</param>
/// <param name="Tenants">How many tenants it serves.</param>
/// <param name="ServerId">The shared server; null when the database is a tenant's own.</param>
/// <param name="Server">The name of the shared server.</param>
/// <param name="TenantId">Whose own the database is; null on a shared server.</param>
/// <param name="Company">The name of that tenant.</param>
public sealed record DatabaseHealth(
    Guid DatabaseId,
    DatabaseState State,
    string Reason,
    DateTimeOffset Since,
    DateTimeOffset? LostSince,
    DateTimeOffset? AnsweredAt,
    DateTimeOffset LookedAt,
    int Tenants,
    Guid? ServerId,
    string? Server,
    Guid? TenantId,
    string? Company)
{
    internal static DatabaseHealth Of(DatabaseCondition seen, ServedDatabase served) => new(
        seen.DatabaseId, seen.State, seen.Reason, seen.Since, seen.LostSince, seen.AnsweredAt, seen.LookedAt,
        served.Tenants, served.ServerId, served.ServerName, served.TenantId, served.Company);
}
