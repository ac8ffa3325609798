using System.Text.Json.Nodes;
using Npgsql;
using NpgsqlTypes;

namespace WebHost.Local.Providers.State;

/// <summary>Reads and writes resources on one connection.</summary>
internal sealed class ResourceSession(NpgsqlConnection connection)
{
    private const string Columns = "kind, id, parent, name, body";

    public async Task<Resource?> FindAsync(string kind, string id)
    {
        var found = await QueryAsync($"SELECT {Columns} FROM simulators.resource WHERE kind = $1 AND id = $2", kind, id);
        return found is [var resource] ? resource : null;
    }

    /// <summary>All of a kind, or all that belong to one parent, oldest first.</summary>
    public Task<List<Resource>> ListAsync(string kind, string? parent = null) => parent is null
        ? QueryAsync($"SELECT {Columns} FROM simulators.resource WHERE kind = $1 ORDER BY sequence", kind)
        : QueryAsync($"SELECT {Columns} FROM simulators.resource WHERE kind = $1 AND parent = $2 ORDER BY sequence", kind, parent);

    public Task<List<Resource>> ListAllAsync() => QueryAsync($"SELECT {Columns} FROM simulators.resource ORDER BY sequence");

    public async Task PutAsync(Resource resource)
    {
        await using var command = new NpgsqlCommand(
            """
            INSERT INTO simulators.resource (kind, id, parent, name, body) VALUES ($1, $2, $3, $4, $5)
            ON CONFLICT (kind, id) DO UPDATE SET parent = excluded.parent, name = excluded.name, body = excluded.body
            """,
            connection);
        Add(command, resource.Kind, resource.Id, resource.Parent, resource.Name);
        command.Parameters.Add(new NpgsqlParameter { Value = resource.Body.ToJsonString(), NpgsqlDbType = NpgsqlDbType.Jsonb });
        await command.ExecuteNonQueryAsync();
    }

    public async Task RemoveAsync(Resource resource)
    {
        await using var command = new NpgsqlCommand("DELETE FROM simulators.resource WHERE kind = $1 AND id = $2", connection);
        Add(command, resource.Kind, resource.Id);
        await command.ExecuteNonQueryAsync();
    }

    /// <summary>A number that was never given before.</summary>
    public async Task<long> NextNumberAsync()
    {
        await using var command = new NpgsqlCommand("SELECT nextval('simulators.number')", connection);
        return (long)(await command.ExecuteScalarAsync())!;
    }

    private async Task<List<Resource>> QueryAsync(string sql, params string[] parameters)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        Add(command, parameters);
        await using var reader = await command.ExecuteReaderAsync();
        var resources = new List<Resource>();
        while (await reader.ReadAsync())
        {
            resources.Add(new Resource(
                reader.GetString(0),
                reader.GetString(1),
                reader.GetString(2),
                reader.GetString(3),
                (JsonObject)JsonNode.Parse(reader.GetString(4))!));
        }

        return resources;
    }

    private static void Add(NpgsqlCommand command, params string[] values)
    {
        foreach (var value in values)
        {
            command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = value });
        }
    }
}
