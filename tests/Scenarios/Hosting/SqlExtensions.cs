using Npgsql;

namespace WebHost.Scenarios.Hosting;

/// <summary>Looking into databases past the application.</summary>
internal static class SqlExtensions
{
    public static async Task<T> ScalarAsync<T>(this NpgsqlDataSource source, string sql, params object[] parameters)
    {
        await using var command = Command(source, sql, parameters);
        return (T)(await command.ExecuteScalarAsync())!;
    }

    public static async Task<List<T>> ListAsync<T>(this NpgsqlDataSource source, string sql, params object[] parameters)
    {
        await using var command = Command(source, sql, parameters);
        await using var reader = await command.ExecuteReaderAsync();
        var values = new List<T>();
        while (await reader.ReadAsync())
        {
            values.Add(reader.GetFieldValue<T>(0));
        }

        return values;
    }

    public static async Task ExecuteAsync(this NpgsqlDataSource source, string sql, params object[] parameters)
    {
        await using var command = Command(source, sql, parameters);
        await command.ExecuteNonQueryAsync();
    }

    private static NpgsqlCommand Command(NpgsqlDataSource source, string sql, object[] parameters)
    {
        var command = source.CreateCommand(sql);
        foreach (var parameter in parameters)
        {
            command.Parameters.Add(new NpgsqlParameter { Value = parameter });
        }

        return command;
    }
}
