using Npgsql;

namespace WebHost.Data;

/// <summary>The one place that decides what an error from PostgreSQL means.</summary>
public static class PostgresFaults
{
    /// <summary>SQLSTATE of fleet.begin_write: the customer is no longer served there at the caller's epoch.</summary>
    public const string Moved = "WH001";

    /// <summary>SQLSTATE of fleet.begin_write: the customer is served there, but takes no writes for the moment.</summary>
    public const string Fenced = "WH002";

    /// <summary>
    /// True when the same work may well succeed later: a broken wire, a server that starts or stops, a lock or a
    /// serialization conflict, too many connections. Npgsql knows these classes; cut-off connections (57P01) are its own.
    /// </summary>
    public static bool IsTransient(Exception exception) =>
        exception is NpgsqlException { IsTransient: true }
        or PostgresException { SqlState: PostgresErrorCodes.AdminShutdown or PostgresErrorCodes.CrashShutdown }
        or PostgresException { SqlState: PostgresErrorCodes.CannotConnectNow or PostgresErrorCodes.TooManyConnections }
        or TimeoutException;
}
