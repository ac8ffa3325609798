using Npgsql;
using WebHost.Data;

namespace WebHost.Monitoring;

/// <summary>Something an operator should look at.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Kind">What it is about: "servers-full".</param>
/// <param name="Subject">Who or what it concerns: a region, a tenant, a server.</param>
/// <param name="Message">What happened and what to do.</param>
/// <param name="RaisedAt">When it was first noticed, UTC.</param>
/// <param name="ResolvedAt">When it was over, UTC.</param>
public sealed record Alert(
    Guid Id, string Kind, string Subject, string Message, DateTimeOffset RaisedAt, DateTimeOffset? ResolvedAt);

/// <summary>Alerts, in the control database. While one of a kind is open for a subject, raising it again changes nothing.</summary>
public sealed class AlertStore(ControlDatabase control)
{
    private const string Resolve =
        "UPDATE alerts SET resolved_at = now() WHERE kind = $1 AND subject = $2 AND resolved_at IS NULL";

    /// <summary>Raises an alert.</summary>
    public async Task RaiseAsync(string kind, string subject, string message, CancellationToken cancellationToken)
    {
        await using var connection = await control.OpenAsync(cancellationToken);
        await connection.Sql(
            """
            INSERT INTO alerts (kind, subject, message) VALUES ($1, $2, $3)
            ON CONFLICT (kind, subject) WHERE resolved_at IS NULL DO NOTHING
            """,
            kind, subject, message).RunAsync(cancellationToken);
    }

    /// <summary>Closes the open alert of a kind for a subject, if there is one.</summary>
    public async Task ResolveAsync(string kind, string subject, CancellationToken cancellationToken)
    {
        await using var connection = await control.OpenAsync(cancellationToken);
        await connection.Sql(Resolve, kind, subject).RunAsync(cancellationToken);
    }

    /// <summary>The same within the caller's transaction.</summary>
    public static Task ResolveAsync(
        NpgsqlTransaction transaction, string kind, string subject, CancellationToken cancellationToken) =>
        transaction.Sql(Resolve, kind, subject).RunAsync(cancellationToken);

    /// <summary>Closes the open alerts of a kind but for those of these subjects.</summary>
    public async Task ResolveOthersAsync(
        string kind, IReadOnlyCollection<string> subjects, CancellationToken cancellationToken)
    {
        await using var connection = await control.OpenAsync(cancellationToken);
        await connection.Sql(
            "UPDATE alerts SET resolved_at = now() WHERE kind = $1 AND resolved_at IS NULL AND NOT subject = ANY ($2)",
            kind, subjects.ToArray()).RunAsync(cancellationToken);
    }

    /// <summary>The alerts about any of these subjects that were open at some time between two moments, oldest first.</summary>
    public async Task<IReadOnlyList<Alert>> ListAboutAsync(
        IReadOnlyCollection<string> subjects, DateTimeOffset from, DateTimeOffset to, CancellationToken cancellationToken)
    {
        await using var connection = await control.OpenAsync(cancellationToken);
        return await connection.Sql(
            """
            SELECT id, kind, subject, message, raised_at, resolved_at FROM alerts
            WHERE subject = ANY ($1) AND raised_at <= $3 AND coalesce(resolved_at, $3) >= $2 ORDER BY raised_at, id LIMIT 200
            """,
            subjects.ToArray(), from, to).ListAsync(Read, cancellationToken);
    }

    /// <summary>The newest alerts, open ones only unless asked otherwise.</summary>
    public async Task<IReadOnlyList<Alert>> ListAsync(bool includeResolved, int limit, CancellationToken cancellationToken)
    {
        await using var connection = await control.OpenAsync(cancellationToken);
        return await connection.Sql(
            """
            SELECT id, kind, subject, message, raised_at, resolved_at FROM alerts
            WHERE $1 OR resolved_at IS NULL ORDER BY raised_at DESC, id LIMIT $2
            """,
            includeResolved, limit).ListAsync(Read, cancellationToken);
    }

    private static Alert Read(NpgsqlDataReader row) => new(
        row.GetGuid(0), row.GetString(1), row.GetString(2), row.GetString(3),
        row.GetFieldValue<DateTimeOffset>(4), row.MaybeValue<DateTimeOffset>(5));
}
