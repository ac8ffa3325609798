using Npgsql;
using NpgsqlTypes;
using WebHost.Json;

namespace WebHost.Data;

/// <summary>Hand-written SQL with positional parameters, without the ceremony.</summary>
public static class SqlExtensions
{
    /// <summary>A command whose parameters $1, $2 … are <paramref name="values"/>.</summary>
    public static NpgsqlCommand Sql(this NpgsqlConnection connection, string sql, params ReadOnlySpan<object?> values)
    {
        var command = new NpgsqlCommand(sql, connection);
        foreach (var value in values)
        {
            command.Parameters.Add(Parameter(value));
        }

        return command;
    }

    /// <summary>A command in a transaction whose parameters $1, $2 … are <paramref name="values"/>.</summary>
    public static NpgsqlCommand Sql(this NpgsqlTransaction transaction, string sql, params ReadOnlySpan<object?> values)
    {
        var command = Sql(transaction.Connection!, sql, values);
        command.Transaction = transaction;
        return command;
    }

    /// <summary>Runs the command and disposes of it; answers the number of rows it changed.</summary>
    public static async Task<int> RunAsync(this NpgsqlCommand command, CancellationToken cancellationToken = default)
    {
        await using (command)
        {
            return await command.ExecuteNonQueryAsync(cancellationToken);
        }
    }

    /// <summary>Reads every row and disposes of the command.</summary>
    public static async Task<List<T>> ListAsync<T>(
        this NpgsqlCommand command, Func<NpgsqlDataReader, T> read, CancellationToken cancellationToken = default)
    {
        await using (command)
        {
            await using var reader = await command.ExecuteReaderAsync(cancellationToken);
            var rows = new List<T>();
            while (await reader.ReadAsync(cancellationToken))
            {
                rows.Add(read(reader));
            }

            return rows;
        }
    }

    /// <summary>Reads the first row, or answers the default when there is none, and disposes of the command.</summary>
    public static async Task<T?> FirstAsync<T>(
        this NpgsqlCommand command, Func<NpgsqlDataReader, T> read, CancellationToken cancellationToken = default)
    {
        await using (command)
        {
            await using var reader = await command.ExecuteReaderAsync(cancellationToken);
            return await reader.ReadAsync(cancellationToken) ? read(reader) : default;
        }
    }

    /// <summary>A column that may be NULL.</summary>
    public static T? Maybe<T>(this NpgsqlDataReader reader, int column)
        where T : class => reader.IsDBNull(column) ? null : reader.GetFieldValue<T>(column);

    /// <summary>A value column that may be NULL.</summary>
    public static T? MaybeValue<T>(this NpgsqlDataReader reader, int column)
        where T : struct => reader.IsDBNull(column) ? null : reader.GetFieldValue<T>(column);

    private static NpgsqlParameter Parameter(object? value) => value switch
    {
        null => new NpgsqlParameter { Value = DBNull.Value },
        Enum enumeration => new NpgsqlParameter { Value = WireName.Of(enumeration) },
        JsonText json => new NpgsqlParameter { Value = json.Text, NpgsqlDbType = NpgsqlDbType.Jsonb },
        DateTimeOffset time => new NpgsqlParameter { Value = time.UtcDateTime },
        _ => new NpgsqlParameter { Value = value },
    };
}
