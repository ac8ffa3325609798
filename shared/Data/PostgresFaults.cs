using System.Net.Sockets;
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

    /// <summary>True when the server answers and the database, or what it is made of, does not exist.</summary>
    public static bool MeansGone(PostgresException exception) => exception.SqlState
        is PostgresErrorCodes.InvalidCatalogName
        or PostgresErrorCodes.UndefinedTable
        or PostgresErrorCodes.InvalidSchemaName;

    /// <summary>
    /// Says in a sentence what stood in the way of a look at a database. Messages of drivers may name hosts and users; this
    /// one is fit for a report that is handed to a customer.
    /// </summary>
    /// <param name="fault">What the look ended with.</param>
    /// <param name="patience">For how long an answer was awaited.</param>
    public static string Describe(Exception fault, TimeSpan patience) => fault switch
    {
        OperationCanceledException or TimeoutException => $"It did not answer within {patience.TotalSeconds:0.#} s.",
        PostgresException gone when MeansGone(gone) => $"The server answers: {gone.MessageText}.",
        PostgresException { SqlState: var state } => $"The server refuses ({state}).",
        NpgsqlException { InnerException: TimeoutException } => $"It did not answer within {patience.TotalSeconds:0.#} s.",
        NpgsqlException { InnerException: SocketException { SocketErrorCode: var code } } => $"No connection ({code}).",
        SocketException { SocketErrorCode: var code } => $"No connection ({code}).",
        _ => $"No connection ({fault.GetType().Name}).",
    };
}
