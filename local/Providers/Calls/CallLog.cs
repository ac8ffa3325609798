using System.Text.Json.Nodes;
using Npgsql;
using NpgsqlTypes;

namespace WebHost.Local.Providers.Calls;

/// <summary>Which calls the vendors got: method, path, operation and status, and nothing that could hold a secret.</summary>
internal sealed class CallLog(NpgsqlDataSource database)
{
    public async Task AddAsync(HttpContext http, string provider, string operation, int? status)
    {
        await using var command = database.CreateCommand(
            "INSERT INTO simulators.call (method, path, provider, operation, status) VALUES ($1, $2, $3, $4, $5)");
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = http.Request.Method });
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = http.Request.Path.Value ?? "" });
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = provider });
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = operation });
        command.Parameters.Add(new NpgsqlParameter
        {
            Value = (object?)status ?? DBNull.Value,
            NpgsqlDbType = NpgsqlDbType.Integer,
        });
        await command.ExecuteNonQueryAsync();
    }

    /// <summary>The calls after the one of that number, oldest first.</summary>
    public async Task<JsonArray> ListAsync(long since)
    {
        await using var command = database.CreateCommand(
            "SELECT id, at, method, path, provider, operation, status FROM simulators.call WHERE id > $1 ORDER BY id");
        command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = since });
        await using var reader = await command.ExecuteReaderAsync();
        var calls = new JsonArray();
        while (await reader.ReadAsync())
        {
            calls.Add((JsonNode)new JsonObject
            {
                ["id"] = reader.GetInt64(0),
                ["at"] = reader.GetDateTime(1),
                ["method"] = reader.GetString(2),
                ["path"] = reader.GetString(3),
                ["provider"] = reader.GetString(4),
                ["operation"] = reader.GetString(5),
                ["status"] = await reader.IsDBNullAsync(6) ? null : reader.GetInt32(6),
            });
        }

        return calls;
    }
}
