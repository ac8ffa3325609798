using Npgsql;
using WebHost.Data;
using WebHost.Migration;
using WebHost.Monitoring;
using WebHost.Placement;

namespace WebHost.Emergency;

/// <summary>Looks whether a home's database is there and has the tenant.</summary>
public sealed class HomeProbe(MovingConnections connections)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    /// <summary>Looks, for five seconds at most.</summary>
    public async Task<HomeCondition> LookAsync(
        TenantDatabaseAddress database, Guid tenantId, CancellationToken cancellationToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(Patience);
        try
        {
            return await AskAsync(database, tenantId, limit.Token).WaitAsync(limit.Token);
        }
        catch (PostgresException gone) when (PostgresFaults.MeansGone(gone))
        {
            return new HomeCondition(HomePresence.Gone, Epoch: null, PostgresFaults.Describe(gone, Patience));
        }
        catch (Exception silent) when (!cancellationToken.IsCancellationRequested)
        {
            return new HomeCondition(HomePresence.Silent, Epoch: null, PostgresFaults.Describe(silent, Patience));
        }
    }

    private async Task<HomeCondition> AskAsync(
        TenantDatabaseAddress database, Guid tenantId, CancellationToken cancellationToken)
    {
        await using var connection = await connections.OpenAsync(database, cancellationToken);
        var known = await connection.Sql(
            $"SELECT epoch, writable, away, {DatabaseProbe.Commit} FROM fleet.customers WHERE customer_id = $1", tenantId)
            .ListAsync(row => (Epoch: row.GetInt64(0), Writable: row.GetBoolean(1), Away: row.GetBoolean(2)), cancellationToken);
        return known switch
        {
            [] => new HomeCondition(HomePresence.Gone, Epoch: null, "The database answers and does not know the tenant."),
            [{ Writable: true } served] => new HomeCondition(
                HomePresence.Serving, served.Epoch, $"The database answers and takes writes at epoch {served.Epoch}."),
            [var other] => new HomeCondition(
                HomePresence.Present,
                other.Epoch,
                $"The database answers; the tenant is {(other.Away ? "away" : "fenced")} there at epoch {other.Epoch}."),
            _ => throw new InvalidOperationException($"Database {database.Name} knows tenant {tenantId} more than once."),
        };
    }
}

/// <summary>What a look at a home has shown.</summary>
/// <param name="Presence">Whether it is there.</param>
/// <param name="Epoch">At which epoch it has the tenant, when it does.</param>
/// <param name="Detail">In a sentence, without names of hosts.</param>
public sealed record HomeCondition(HomePresence Presence, long? Epoch, string Detail);

/// <summary>Whether a home's database is there.</summary>
public enum HomePresence
{
    /// <summary>It answers and takes the tenant's writes.</summary>
    Serving,

    /// <summary>It answers and has the tenant's rows, but takes no writes.</summary>
    Present,

    /// <summary>Its server answers and has nothing of the tenant: what was there is lost.</summary>
    Gone,

    /// <summary>It does not answer; what it has may come back.</summary>
    Silent,
}
