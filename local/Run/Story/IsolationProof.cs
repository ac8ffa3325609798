using System.Net;
using Npgsql;
using WebHost.Local.Run.Launch;

namespace WebHost.Local.Run.Story;

/// <summary>
/// Shows that neither fleet can read the other: by HTTP with the other's key and with none, and in the databases with the
/// very role that the application uses.
/// </summary>
internal sealed class IsolationProof(ConnectionFile connection, Verifier verify)
{
    public async Task RunAsync(RegisteredFleet one, RegisteredFleet other, CancellationToken cancellation)
    {
        using (var anybody = FleetApi.ForAnybody(connection.Url))
        {
            await AnswersAsync(anybody, "Without a key", one, HttpStatusCode.Unauthorized, cancellation);
        }

        foreach (var (mine, theirs) in new[] { (one, other), (other, one) })
        {
            using var api = FleetApi.ForTenant(connection.Url, mine.Key);
            await AnswersAsync(api, $"With the key of {mine.Plan.Company}", theirs, HttpStatusCode.Forbidden, cancellation);
            await ShowsOnlyOwnRowsAsync(mine, theirs, cancellation);
        }

        verify.Equal(
            $"{other.Plan.Company} has a database of its own",
            true,
            one.Tenant.Infrastructure.Database != other.Tenant.Infrastructure.Database);
        await HasNoRowOfAsync(one, other, cancellation);
        await HasNoRowOfAsync(other, one, cancellation);
    }

    private async Task AnswersAsync(
        FleetApi api, string who, RegisteredFleet fleet, HttpStatusCode expected, CancellationToken cancellation)
    {
        var tenant = $"api/tenants/{fleet.Tenant.Id}";
        var differences = new List<string>();
        foreach (var path in (string[])[tenant, $"{tenant}/positions", $"{tenant}/vehicles", $"{tenant}/tracks/{fleet.Devices[0].Id}"])
        {
            var found = await api.StatusOfAsync(path, cancellation);
            if (found != expected)
            {
                differences.Add($"GET {path}: expected {(int)expected}, found {(int)found}");
            }
        }

        verify.None($"{who} the data of {fleet.Plan.Company} are refused ({(int)expected})", differences);
    }

    /// <summary>In the first fleet's database, as its own role: all its points, and none under the other's name.</summary>
    private async Task ShowsOnlyOwnRowsAsync(RegisteredFleet mine, RegisteredFleet theirs, CancellationToken cancellation)
    {
        await using var source = DatabaseOf(mine);
        var role = new NpgsqlCommandBuilder().QuoteIdentifier(mine.Tenant.Infrastructure.Role);
        verify.Equal(
            $"As the role of {mine.Plan.Company} the database shows exactly its points",
            mine.Points,
            await CountAsync(mine.Tenant.Id, "SELECT count(*) FROM fleet.points"));

        // In a database of a fleet's own, points have no row security where TimescaleDB compresses them; all else has it.
        var foreign = $"""
            SELECT (SELECT count(*) FROM fleet.positions)
                 + (SELECT count(*) FROM fleet.points WHERE customer_id <> '{mine.Tenant.Id}')
            """;
        verify.Equal(
            $"As the same role in the name of {theirs.Plan.Company} it shows none",
            0,
            await CountAsync(theirs.Tenant.Id, foreign));
        verify.Equal("As the same role in nobody's name it shows none", 0, await CountAsync("", foreign));

        async Task<long> CountAsync(string tenantId, string query)
        {
            await using var session = await source.OpenConnectionAsync(cancellation);
            await using var transaction = await session.BeginTransactionAsync(cancellation);
            await using var command = new NpgsqlBatch(session, transaction)
            {
                BatchCommands =
                {
                    new($"SET SESSION AUTHORIZATION {role}"),
                    new("SELECT set_config('webhost.customer_id', $1, true)") { Parameters = { new() { Value = tenantId } } },
                    new(query),
                },
            };
            await using var reader = await command.ExecuteReaderAsync(cancellation);
            await reader.NextResultAsync(cancellation);
            await reader.ReadAsync(cancellation);
            return reader.GetInt64(0);
        }
    }

    /// <summary>Counts, past all row security, the rows of one fleet in every table of the other's database.</summary>
    private async Task HasNoRowOfAsync(RegisteredFleet owner, RegisteredFleet stranger, CancellationToken cancellation)
    {
        await using var source = DatabaseOf(owner);
        await using var session = await source.OpenConnectionAsync(cancellation);
        var tables = new List<string>();
        await using (var command = new NpgsqlCommand(
            """
            SELECT format('%I.%I', n.nspname, c.relname)
            FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace
            WHERE a.attname = 'customer_id' AND NOT a.attisdropped AND c.relkind IN ('r', 'p') AND NOT c.relispartition
            """,
            session))
        await using (var reader = await command.ExecuteReaderAsync(cancellation))
        {
            while (await reader.ReadAsync(cancellation))
            {
                tables.Add(reader.GetString(0));
            }
        }

        var (own, foreign) = (0L, new List<string>());
        foreach (var table in tables)
        {
            own += await CountAsync(table, owner.Tenant.Id);
            if (await CountAsync(table, stranger.Tenant.Id) is > 0 and var rows)
            {
                foreign.Add($"expected none in {table}, found {rows}");
            }
        }

        // Looking in the wrong place would find nothing either.
        verify.Equal($"The database of {owner.Plan.Company} has its rows", true, own >= owner.Points);
        verify.None($"Not one row of {stranger.Plan.Company} is among them", foreign);

        async Task<long> CountAsync(string table, string tenantId)
        {
            await using var count = new NpgsqlCommand($"SELECT count(*) FROM {table} WHERE customer_id::text = $1", session)
            {
                Parameters = { new() { Value = tenantId } },
            };
            return (long)(await count.ExecuteScalarAsync(cancellation))!;
        }
    }

    private NpgsqlDataSource DatabaseOf(RegisteredFleet fleet) => NpgsqlDataSource.Create(
        new NpgsqlConnectionStringBuilder(connection.AdminDatabase)
        {
            Database = fleet.Tenant.Infrastructure.Database,

            // A session that has taken on a role must not come back into use.
            Pooling = false,
        });
}
