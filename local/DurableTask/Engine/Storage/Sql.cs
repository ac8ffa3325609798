using Npgsql;

namespace WebHost.Local.DurableTask.Storage;

/// <summary>Builds statements with typed, positional parameters.</summary>
internal static class Sql
{
    public static NpgsqlBatchCommand Statement(string sql, params ReadOnlySpan<NpgsqlParameter> parameters)
    {
        var command = new NpgsqlBatchCommand(sql);
        foreach (var parameter in parameters)
        {
            command.Parameters.Add(parameter);
        }

        return command;
    }

    public static NpgsqlParameter Value<T>(T value) => new NpgsqlParameter<T>(null!, value);

    public static NpgsqlParameter Column<TItem, T>(IReadOnlyList<TItem> items, Func<TItem, T> select)
    {
        var values = new T[items.Count];
        for (var i = 0; i < values.Length; i++)
        {
            values[i] = select(items[i]);
        }

        return new NpgsqlParameter<T[]>(null!, values);
    }
}
