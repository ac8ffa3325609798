using System.Net.Sockets;
using Npgsql;

namespace WebHost.Local.DurableTask.Storage;

/// <summary>The one place that tells a database that is away from a statement that is wrong.</summary>
internal static class Transience
{
    private const int MaxReadAttempts = 8;

    public static bool IsTransient(Exception exception) => exception switch
    {
        PostgresException refused => refused.IsTransient
            || refused.SqlState.StartsWith("57P", StringComparison.Ordinal) // the server or an operator ended the session
            || refused.SqlState == PostgresErrorCodes.InvalidSqlStatementName // prepared on a connection that is no more
            || refused.SqlState.StartsWith("08", StringComparison.Ordinal),
        NpgsqlException or IOException or SocketException or TimeoutException => true,
        _ => false,
    };

    /// <summary>Repeats what only reads, for some seconds, while the database is away.</summary>
    public static async Task<T> RetryAsync<T>(Func<Task<T>> read, CancellationToken cancellation)
    {
        for (var attempt = 0; ; attempt++)
        {
            try
            {
                return await read();
            }
            catch (Exception exception) when (attempt < MaxReadAttempts && IsTransient(exception))
            {
                await Task.Delay(TimeSpan.FromMilliseconds(20 << attempt), cancellation);
            }
        }
    }
}
