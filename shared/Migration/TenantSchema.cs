using Npgsql;
using WebHost.Data;

namespace WebHost.Migration;

/// <summary>Tells whether two tenant databases have the same tables.</summary>
internal static class TenantSchema
{
    /// <summary>The last script that the migrator applied.</summary>
    public static async Task<string> VersionAsync(NpgsqlTransaction transaction, CancellationToken cancellationToken) =>
        await transaction.Sql("SELECT max(scriptname) FROM public.schemaversions")
            .FirstAsync(row => row.Maybe<string>(0), cancellationToken) ?? "";
}
