namespace WebHost.Migration;

/// <summary>What a tenant has in its database.</summary>
/// <param name="Rows">Rows by table.</param>
/// <param name="RetainedPoints">Points of the days that the new plan retains.</param>
/// <param name="RetainedSince">The first day that the new plan retains; null when it retains all there is.</param>
/// <param name="Bytes">An estimate of what the retained rows take, bytes.</param>
public sealed record MoveUsage(
    IReadOnlyDictionary<string, long> Rows, long RetainedPoints, DateOnly? RetainedSince, long Bytes)
{
    /// <summary>Vehicles in the fleet.</summary>
    public int Vehicles => (int)Rows.GetValueOrDefault("vehicles");

    /// <summary>Points in all.</summary>
    public long Points => Rows.GetValueOrDefault("points");

    /// <summary>Points that the new plan does not retain.</summary>
    public long ArchivedPoints => Points - RetainedPoints;
}
