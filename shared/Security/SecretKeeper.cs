using Microsoft.Extensions.Logging;
using WebHost.Data;
using WebHost.Monitoring;

namespace WebHost.Security;

/// <summary>
/// Encrypts anew with the current master key what former ones encrypted, so that those need not be configured for ever.
/// </summary>
public sealed partial class SecretKeeper(
    ControlDatabase control, SecretProtector protector, AlertStore alerts, ILogger<SecretKeeper> logger)
{
    /// <summary>Kind of the alert for stored secrets that no configured master key opens.</summary>
    public const string UnreadableAlert = "secrets-unreadable";

    private const string AlertSubject = "Security__MasterKeys";
    private const int PageSize = 200;

    /// <summary>Goes through all stored secrets. What cannot be read is left as it is, and an alert says so.</summary>
    /// <returns>How many were encrypted anew.</returns>
    public async Task<int> RunAsync(CancellationToken cancellationToken)
    {
        var (done, after) = (0, "");
        var unreadable = new List<string>();
        while (await ListOutdatedAsync(after, cancellationToken) is { Count: > 0 } page)
        {
            foreach (var (name, ciphertext) in page)
            {
                try
                {
                    done += await ReplaceAsync(name, ciphertext, cancellationToken);
                }
                catch (SecretProtectionException)
                {
                    unreadable.Add(name);
                }
            }

            after = page[^1].Name;
        }

        if (unreadable.Count == 0)
        {
            await alerts.ResolveAsync(UnreadableAlert, AlertSubject, cancellationToken);
        }
        else
        {
            await alerts.RaiseAsync(
                UnreadableAlert,
                AlertSubject,
                $"{unreadable.Count} stored secrets open with none of the configured master keys, the first is {unreadable[0]}. "
                + "Configure the key again that encrypted them, behind the current one.",
                cancellationToken);
        }

        if (done > 0)
        {
            LogEncrypted(logger, done);
        }

        return done;
    }

    private async Task<List<(string Name, string Ciphertext)>> ListOutdatedAsync(string after, CancellationToken cancellationToken)
    {
        await using var connection = await control.OpenAsync(cancellationToken);
        return await connection.Sql(
            """
            SELECT name, ciphertext FROM secrets
            WHERE name > $1 AND NOT starts_with(ciphertext, $2) ORDER BY name LIMIT $3
            """,
            after, protector.CurrentPrefix, PageSize).ListAsync(row => (row.GetString(0), row.GetString(1)), cancellationToken);
    }

    // One that was given anew meanwhile stays as it was given.
    private async Task<int> ReplaceAsync(string name, string ciphertext, CancellationToken cancellationToken)
    {
        var anew = protector.Protect(name, protector.Unprotect(name, ciphertext));
        await using var connection = await control.OpenAsync(cancellationToken);
        return await connection.Sql(
            "UPDATE secrets SET ciphertext = $3 WHERE name = $1 AND ciphertext = $2", name, ciphertext, anew)
            .RunAsync(cancellationToken);
    }

    [LoggerMessage(470, LogLevel.Information, "Encrypted {Count} stored secrets anew with the current master key.")]
    private static partial void LogEncrypted(ILogger logger, int count);
}
