using System.Security.Cryptography;
using WebHost.Data;

namespace WebHost.Security;

/// <summary>
/// Passwords that this application makes or is given, encrypted in the control database under a name. They are kept before
/// they are used, so that a repeated step finds the one its first attempt used.
/// </summary>
public sealed class SecretStore(ControlDatabase control, SecretProtector protector)
{
    // 32 bytes are beyond guessing; base64url needs no quoting in SQL, shells or connection strings.
    private const int GeneratedBytes = 32;

    /// <summary>The secret of that name; a new random one when there is none.</summary>
    public Task<string> GetOrCreateAsync(string name, CancellationToken cancellationToken) =>
        GetOrAddAsync(name, () => Task.FromResult(NewSecret()), cancellationToken);

    /// <summary>The secret of that name; what <paramref name="make"/> makes, when there is none. All callers get the same one.</summary>
    public async Task<string> GetOrAddAsync(string name, Func<Task<string>> make, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(make);
        return await FindAsync(name, cancellationToken) ?? await AddAsync(name, await make(), cancellationToken);
    }

    /// <summary>The secret of that name.</summary>
    /// <exception cref="InvalidOperationException">There is none.</exception>
    public async Task<string> GetAsync(string name, CancellationToken cancellationToken) =>
        await FindAsync(name, cancellationToken)
        ?? throw new InvalidOperationException($"There is no secret named {name}.");

    /// <summary>Keeps a secret that was given to us, in place of an earlier one of that name.</summary>
    public async Task SetAsync(string name, string value, CancellationToken cancellationToken)
    {
        await using var connection = await control.OpenAsync(cancellationToken);
        await connection.Sql(
            """
            INSERT INTO secrets (name, ciphertext) VALUES ($1, $2)
            ON CONFLICT (name) DO UPDATE SET ciphertext = excluded.ciphertext, created_at = now()
            """,
            name, protector.Protect(name, value)).RunAsync(cancellationToken);
    }

    /// <summary>Forgets the secret of that name, if there is one.</summary>
    public async Task RemoveAsync(string name, CancellationToken cancellationToken)
    {
        await using var connection = await control.OpenAsync(cancellationToken);
        await connection.Sql("DELETE FROM secrets WHERE name = $1", name).RunAsync(cancellationToken);
    }

    /// <summary>Forgets every secret whose name begins so.</summary>
    public async Task RemoveAllAsync(string namePrefix, CancellationToken cancellationToken)
    {
        await using var connection = await control.OpenAsync(cancellationToken);
        await connection.Sql("DELETE FROM secrets WHERE starts_with(name, $1)", namePrefix).RunAsync(cancellationToken);
    }

    private async Task<string?> FindAsync(string name, CancellationToken cancellationToken)
    {
        await using var connection = await control.OpenAsync(cancellationToken);
        var ciphertext = await connection.Sql("SELECT ciphertext FROM secrets WHERE name = $1", name)
            .FirstAsync(row => row.GetString(0), cancellationToken);
        return ciphertext is null ? null : protector.Unprotect(name, ciphertext);
    }

    private async Task<string> AddAsync(string name, string value, CancellationToken cancellationToken)
    {
        await using (var connection = await control.OpenAsync(cancellationToken))
        {
            await connection.Sql(
                "INSERT INTO secrets (name, ciphertext) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING",
                name, protector.Protect(name, value)).RunAsync(cancellationToken);
        }

        // Somebody else may have been first; then theirs is the secret.
        return await GetAsync(name, cancellationToken);
    }

    private static string NewSecret() =>
        System.Buffers.Text.Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(GeneratedBytes));
}
