using Npgsql;
using NpgsqlTypes;

namespace WebHost.Local.Providers.Faults;

/// <summary>The faults that were ordered and have not struck yet.</summary>
internal sealed class FaultStore(NpgsqlDataSource database)
{
    public async Task AddAsync(FaultRequest request)
    {
        await using var command = database.CreateCommand(
            """
            INSERT INTO simulators.fault (provider, operation, kind, status, delay_ms, remaining)
            VALUES (lower($1), lower($2), $3, $4, $5, $6)
            """);
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = request.Provider });
        Add(command, request.Operation, NpgsqlDbType.Text);
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = request.Kind.ToString() });
        Add(command, request.Status, NpgsqlDbType.Integer);
        Add(command, request.DelayMs, NpgsqlDbType.Integer);
        Add(command, request.Times ?? 1, NpgsqlDbType.Integer);
        await command.ExecuteNonQueryAsync();
    }

    public async Task ClearAsync()
    {
        await using var command = database.CreateCommand("DELETE FROM simulators.fault");
        await command.ExecuteNonQueryAsync();
    }

    /// <summary>The fault that strikes this call, used up by it; null when none does.</summary>
    public async Task<Fault?> TakeAsync(string provider, string operation)
    {
        await using var command = database.CreateCommand(
            """
            UPDATE simulators.fault SET remaining = remaining - 1
            WHERE id = (
                SELECT id FROM simulators.fault
                WHERE remaining > 0 AND provider = lower($1) AND (operation IS NULL OR operation = lower($2))
                ORDER BY id LIMIT 1 FOR UPDATE)
            RETURNING kind, status, delay_ms
            """);
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = provider });
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = operation });
        await using var reader = await command.ExecuteReaderAsync();
        return await reader.ReadAsync()
            ? new Fault(
                Enum.Parse<FaultKind>(reader.GetString(0)),
                await reader.IsDBNullAsync(1) ? null : reader.GetInt32(1),
                await reader.IsDBNullAsync(2) ? null : TimeSpan.FromMilliseconds(reader.GetInt32(2)))
            : null;
    }

    private static void Add(NpgsqlCommand command, object? value, NpgsqlDbType type) =>
        command.Parameters.Add(new NpgsqlParameter { Value = value ?? DBNull.Value, NpgsqlDbType = type });
}
