using System.Net.Sockets;
using Npgsql;

namespace WebHost.Local.DurableTask.Storage;

/// <summary>The one place that tells a database that is away from a statement that is wrong.</summary>
internal static class Transience
{
    public static bool IsTransient(Exception exception) => exception switch
    {
        PostgresException refused => refused.IsTransient
            || refused.SqlState.StartsWith("57P", StringComparison.Ordinal) // the server or an operator ended the session
            || refused.SqlState.StartsWith("08", StringComparison.Ordinal),
        NpgsqlException or IOException or SocketException or TimeoutException => true,
        _ => false,
    };
}
