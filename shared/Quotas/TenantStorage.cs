namespace WebHost.Quotas;

/// <summary>What a tenant had stored when it was last measured.</summary>
/// <param name="Points">GPS points.</param>
/// <param name="Bytes">Bytes in the database, indexes included.</param>
/// <param name="OverQuota">Whether that is more than its plan's quota.</param>
/// <param name="MeasuredAt">When, UTC.</param>
public sealed record TenantStorage(long Points, long Bytes, bool OverQuota, DateTimeOffset MeasuredAt);
