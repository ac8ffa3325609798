using Npgsql;
using WebHost.Data;
using WebHost.Placement;

namespace WebHost.Migration;

/// <summary>Opens administrators' connections for moving rows: without time limits, and alike in how they write values as text.</summary>
public sealed class MovingConnections(TenantDatabaseStore databases)
{
    /// <summary>Opens a connection of the caller's own.</summary>
    public async Task<NpgsqlConnection> OpenAsync(TenantDatabaseAddress database, CancellationToken cancellationToken)
    {
        var administrator = await databases.AdminLoginAsync(database, cancellationToken);
        administrator.Settings.CommandTimeout = 0;
        administrator.Settings.ApplicationName = "webhost moving a tenant";
        var connection = await administrator.OpenAsync(cancellationToken);
        try
        {
            // The checksum is taken of text, and a move may take longer than a server's default for anything.
            await connection.Sql(
                """
                SET TimeZone = 'UTC'; SET DateStyle = 'ISO, YMD'; SET bytea_output = 'hex'; SET extra_float_digits = 1;
                SET statement_timeout = 0; SET idle_in_transaction_session_timeout = 0; SET client_min_messages = warning
                """).RunAsync(cancellationToken);
            return connection;
        }
        catch
        {
            await connection.DisposeAsync();
            throw;
        }
    }
}
