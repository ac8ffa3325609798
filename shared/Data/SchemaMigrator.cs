using System.Reflection;
using DbUp;
using DbUp.Engine;
using DbUp.Postgresql;
using Microsoft.Extensions.Logging;
using Npgsql;
using WebHost.Json;
using WebHost.Plans;

namespace WebHost.Data;

/// <summary>Brings a database to the schema of this build. Repeating it, or doing it from several processes at once, is safe.</summary>
public sealed partial class SchemaMigrator(ILogger<SchemaMigrator> logger)
{
    // Serializes migrations of one database; any constant will do as long as nothing else uses it.
    private const long MigrationLock = 0x5765_6248_6F73_7401;

    private const string ControlScripts = ".Data.Control.";
    private const string TenantScripts = ".Data.Tenant.";

    /// <summary>Migrates the control database.</summary>
    /// <exception cref="SchemaMigrationException">A script failed; the database is at the last script that succeeded.</exception>
    public async Task MigrateControlAsync(string connectionString, CancellationToken cancellationToken = default)
    {
        await using var source = NpgsqlDataSource.Create(connectionString);
        await MigrateAsync(source, ControlScripts, new Dictionary<string, string>(), cancellationToken);
    }

    /// <summary>Migrates a tenant database as its administrator.</summary>
    /// <param name="source">Of the database's administrator; others may migrate the database once it is disposed.</param>
    /// <param name="tenantsRole">Group role of the tenants' roles of this database.</param>
    /// <param name="ingestRole">Role that writes points.</param>
    /// <param name="mode">Whether the database is for one tenant or for many.</param>
    /// <param name="cancellationToken">Gives up waiting for another process that migrates the same database.</param>
    /// <exception cref="SchemaMigrationException">A script failed; the database is at the last script that succeeded.</exception>
    public Task MigrateTenantDatabaseAsync(
        NpgsqlDataSource source,
        string tenantsRole,
        string ingestRole,
        HostingMode mode,
        CancellationToken cancellationToken = default) =>
        MigrateAsync(
            source,
            TenantScripts,
            new Dictionary<string, string>
            {
                ["tenants"] = tenantsRole,
                ["ingest"] = ingestRole,
                ["mode"] = WireName.Of(mode),
            },
            cancellationToken);

    private async Task MigrateAsync(
        NpgsqlDataSource source, string scripts, Dictionary<string, string> variables, CancellationToken cancellationToken)
    {
        await using var connection = await source.OpenConnectionAsync(cancellationToken);
        await using (var wait = new NpgsqlCommand($"SELECT pg_advisory_lock({MigrationLock})", connection))
        {
            await wait.ExecuteNonQueryAsync(cancellationToken);
        }

        // The lock goes with the connection.
        var result = DeployChanges.To
            .PostgresqlDatabase(new PostgresqlConnectionManager(source))
            .WithScriptsEmbeddedInAssembly(
                Assembly.GetExecutingAssembly(), name => name.Contains(scripts, StringComparison.Ordinal))
            .WithVariables(variables)
            .WithTransactionPerScript()
            .LogToNowhere()
            .Build()
            .PerformUpgrade();

        if (!result.Successful)
        {
            throw new SchemaMigrationException(result);
        }

        foreach (var script in result.Scripts)
        {
            LogApplied(logger, script.Name, connection.Database);
        }
    }

    [LoggerMessage(100, LogLevel.Information, "Applied {Script} to database {Database}.")]
    private static partial void LogApplied(ILogger logger, string script, string? database);
}

/// <summary>A schema script failed.</summary>
public sealed class SchemaMigrationException(DatabaseUpgradeResult result)
    : Exception($"Schema script {result.ErrorScript?.Name} failed: {result.Error?.Message}", result.Error);
