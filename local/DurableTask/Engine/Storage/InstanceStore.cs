using System.Text;
using Microsoft.DurableTask;
using Microsoft.DurableTask.Client;
using Microsoft.Extensions.Options;
using Npgsql;
using WebHost.Local.DurableTask.History;

namespace WebHost.Local.DurableTask.Storage;

/// <summary>Reads orchestrations as clients see them, and deletes finished ones.</summary>
internal sealed class InstanceStore(HubDatabase database, IOptions<LocalDurableTaskOptions> options)
{
    private const int PurgeBatch = 1000;

    private readonly string _hub = database.Hub;
    private readonly DataConverter _converter = options.Value.DataConverter;

    public Task<OrchestrationMetadata?> FindAsync(string instanceId, bool withData, CancellationToken cancellation) =>
        Transience.RetryAsync(() => FindOnceAsync(instanceId, withData, cancellation), cancellation);

    /// <summary>One page, oldest first.</summary>
    public Task<Page<OrchestrationMetadata>> ListAsync(
        OrchestrationQuery query, string? token, int size, CancellationToken cancellation) =>
        Transience.RetryAsync(() => ListOnceAsync(query, token, size, cancellation), cancellation);

    /// <summary>Deletes it if it has finished, and on request its sub-orchestrations, finished or not.</summary>
    public async Task<int> PurgeAsync(string instanceId, bool recursive, CancellationToken cancellation)
    {
        await database.EnsureCreatedAsync(cancellation);
        return await DeleteAsync(
            $"""
            WITH RECURSIVE doomed AS (
                SELECT instance_id FROM {_hub}.instances WHERE instance_id = $1 AND status = ANY ($2)
                UNION
                SELECT i.instance_id FROM {_hub}.instances i JOIN doomed d ON i.parent_id = d.instance_id WHERE $3)
            SELECT instance_id FROM doomed
            """,
            cancellation,
            Sql.Value(instanceId),
            Finished,
            Sql.Value(recursive));
    }

    public async Task<int> PurgeAsync(PurgeInstancesFilter filter, bool recursive, CancellationToken cancellation)
    {
        await database.EnsureCreatedAsync(cancellation);
        return await DeleteInBatchesAsync(
            $"""
            WITH RECURSIVE doomed AS (
                (SELECT instance_id FROM {_hub}.instances
                WHERE created_at >= $1 AND created_at <= $2 AND status = ANY ($3)
                    AND ($4::smallint[] IS NULL OR status = ANY ($4))
                LIMIT {PurgeBatch})
                UNION
                SELECT i.instance_id FROM {_hub}.instances i JOIN doomed d ON i.parent_id = d.instance_id WHERE $5)
            SELECT instance_id FROM doomed
            """,
            () =>
            [
                Sql.Value(filter.CreatedFrom?.UtcDateTime ?? Utc(DateTime.MinValue)),
                Sql.Value(filter.CreatedTo?.UtcDateTime ?? Utc(DateTime.MaxValue)),
                Finished,
                Sql.Value(filter.Statuses?.Select(status => (short)status).ToArray()),
                Sql.Value(recursive),
            ],
            cancellation);
    }

    public Task<int> PurgeFinishedBeforeAsync(DateTime before, CancellationToken cancellation) => DeleteInBatchesAsync(
        $"SELECT instance_id FROM {_hub}.instances WHERE finished_at < $1 LIMIT {PurgeBatch}",
        () => [Sql.Value(before)],
        cancellation);

    /// <summary>Deletes messages that came after their orchestration was purged, and the marks of workers long gone.</summary>
    public async Task DeleteOrphansAsync(CancellationToken cancellation)
    {
        await using var command = database.Relaxed.CreateCommand(
            $"""
            DELETE FROM {_hub}.inbox m WHERE due_at < clock_timestamp() - interval '1 hour'
                AND NOT EXISTS (SELECT FROM {_hub}.instances i WHERE i.instance_id = m.instance_id);
            DELETE FROM {_hub}.commits WHERE committed_at < clock_timestamp() - interval '1 day';
            """);
        await command.ExecuteNonQueryAsync(cancellation);
    }

    private static NpgsqlParameter Finished => Sql.Column(NewInstance.FinishedStates, status => (short)status);

    private static DateTime Utc(DateTime value) => DateTime.SpecifyKind(value, DateTimeKind.Utc);

    private static string Columns(bool withData) =>
        "name, instance_id, status, created_at, updated_at, failure" + (withData ? ", input, output, custom_status" : "");

    private OrchestrationMetadata Read(NpgsqlDataReader reader, bool withData) => new(reader.GetString(0), reader.GetString(1))
    {
        RuntimeStatus = (OrchestrationRuntimeStatus)reader.GetInt16(2),
        CreatedAt = reader.GetFieldValue<DateTimeOffset>(3),
        LastUpdatedAt = reader.GetFieldValue<DateTimeOffset>(4),
        FailureDetails = reader.IsDBNull(5) ? null : HistoryJson.ReadFailure(reader.GetString(5)),
        SerializedInput = Text(reader, 6, withData),
        SerializedOutput = Text(reader, 7, withData),
        SerializedCustomStatus = Text(reader, 8, withData),
        DataConverter = withData ? _converter : null,
    };

    private static string? Text(NpgsqlDataReader reader, int column, bool withData) =>
        withData && !reader.IsDBNull(column) ? reader.GetString(column) : null;

    private async Task<OrchestrationMetadata?> FindOnceAsync(string instanceId, bool withData, CancellationToken cancellation)
    {
        await database.EnsureCreatedAsync(cancellation);
        await using var command = database.Relaxed.CreateCommand(
            $"SELECT {Columns(withData)} FROM {_hub}.instances WHERE instance_id = $1");
        command.Parameters.Add(Sql.Value(instanceId));
        await using var reader = await command.ExecuteReaderAsync(cancellation);
        return await reader.ReadAsync(cancellation) ? Read(reader, withData) : null;
    }

    private async Task<Page<OrchestrationMetadata>> ListOnceAsync(
        OrchestrationQuery query, string? token, int size, CancellationToken cancellation)
    {
        if (query.TaskHubNames is { } hubs && !hubs.Contains(database.Hub, StringComparer.OrdinalIgnoreCase))
        {
            return new([]);
        }

        await database.EnsureCreatedAsync(cancellation);
        var (afterTime, afterId) = token is null ? (DateTime.MinValue, "") : Place.Read(token);
        await using var command = database.Relaxed.CreateCommand(
            $"""
            SELECT {Columns(query.FetchInputsAndOutputs)} FROM {_hub}.instances
            WHERE (created_at, instance_id) > ($1, $2) AND created_at >= $3 AND created_at <= $4
                AND ($5::smallint[] IS NULL OR status = ANY ($5)) AND starts_with(instance_id, $6)
            ORDER BY created_at, instance_id LIMIT $7
            """);
        command.Parameters.AddRange(new[]
        {
            Sql.Value(Utc(afterTime)),
            Sql.Value(afterId),
            Sql.Value(query.CreatedFrom?.UtcDateTime ?? Utc(DateTime.MinValue)),
            Sql.Value(query.CreatedTo?.UtcDateTime ?? Utc(DateTime.MaxValue)),
            Sql.Value(query.Statuses?.Select(status => (short)status).ToArray()),
            Sql.Value(query.InstanceIdPrefix ?? ""),
            Sql.Value(size + 1),
        });
        await using var reader = await command.ExecuteReaderAsync(cancellation);
        var found = new List<OrchestrationMetadata>();
        while (await reader.ReadAsync(cancellation))
        {
            found.Add(Read(reader, query.FetchInputsAndOutputs));
        }

        if (found.Count <= size)
        {
            return new(found);
        }

        found.RemoveAt(size);
        return new(found, Place.Write(found[^1]));
    }

    private async Task<int> DeleteInBatchesAsync(
        string selection, Func<NpgsqlParameter[]> parameters, CancellationToken cancellation)
    {
        var total = 0;
        while (true)
        {
            var count = await DeleteAsync(selection, cancellation, parameters());
            total += count;
            if (count < PurgeBatch)
            {
                return total;
            }
        }
    }

    private async Task<int> DeleteAsync(string selection, CancellationToken cancellation, params NpgsqlParameter[] parameters)
    {
        await using var command = database.Durable.CreateCommand(
            $"""
            WITH chosen AS MATERIALIZED ({selection}),
            history AS (DELETE FROM {_hub}.history WHERE instance_id IN (SELECT instance_id FROM chosen)),
            inbox AS (DELETE FROM {_hub}.inbox WHERE instance_id IN (SELECT instance_id FROM chosen)),
            activities AS (DELETE FROM {_hub}.activities WHERE instance_id IN (SELECT instance_id FROM chosen)),
            instances AS (
                DELETE FROM {_hub}.instances WHERE instance_id IN (SELECT instance_id FROM chosen) RETURNING instance_id)
            SELECT count(*)::integer FROM instances
            """);
        command.Parameters.AddRange(parameters);
        return (int)(await command.ExecuteScalarAsync(cancellation))!;
    }

    /// <summary>The last orchestration of a page, as an opaque token.</summary>
    private static class Place
    {
        public static string Write(OrchestrationMetadata last) => Convert.ToBase64String(
            Encoding.UTF8.GetBytes(FormattableString.Invariant($"{last.CreatedAt.UtcTicks} {last.InstanceId}")));

        public static (DateTime Time, string Id) Read(string token)
        {
            try
            {
                var parts = Encoding.UTF8.GetString(Convert.FromBase64String(token)).Split(' ', 2);
                return (new DateTime(long.Parse(parts[0], System.Globalization.CultureInfo.InvariantCulture)), parts[1]);
            }
            catch (Exception exception) when (exception is FormatException or IndexOutOfRangeException or OverflowException)
            {
                throw new ArgumentException($"'{token}' is not a continuation token of this hub.", nameof(token), exception);
            }
        }
    }
}
