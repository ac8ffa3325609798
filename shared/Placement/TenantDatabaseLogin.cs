using System.Net.Security;
using System.Security.Cryptography;
using Npgsql;

namespace WebHost.Placement;

/// <summary>How a role gets into a tenant database: only here is a reported certificate held against the server's.</summary>
public sealed class TenantDatabaseLogin
{
    private readonly string? _certificateSha256;

    internal TenantDatabaseLogin(NpgsqlConnectionStringBuilder settings, string? certificateSha256)
    {
        Settings = settings;
        _certificateSha256 = certificateSha256;
    }

    /// <summary>Where and as whom, to be tuned by the caller. Which certificate the server must show is not among them.</summary>
    public NpgsqlConnectionStringBuilder Settings { get; }

    /// <summary>Opens a connection that belongs to no pool.</summary>
    /// <exception cref="NpgsqlException">The server does not answer, or shows another certificate.</exception>
    public async Task<NpgsqlConnection> OpenAsync(CancellationToken cancellationToken)
    {
        Settings.Pooling = false;
        var connection = new NpgsqlConnection(Settings.ConnectionString);
        try
        {
            if (_certificateSha256 is not null)
            {
                connection.SslClientAuthenticationOptionsCallback = Pin;
            }

            await connection.OpenAsync(cancellationToken);
            return connection;
        }
        catch
        {
            await connection.DisposeAsync();
            throw;
        }
    }

    /// <summary>Makes a pool of connections.</summary>
    public NpgsqlDataSource CreatePool()
    {
        var pool = new NpgsqlDataSourceBuilder(Settings.ConnectionString);
        pool.UseNetTopologySuite();
        if (_certificateSha256 is not null)
        {
            pool.UseSslClientAuthenticationOptionsCallback(Pin);
        }

        return pool.Build();
    }

    // The server made its certificate itself; it is known by what the server reported when it was installed.
    private void Pin(SslClientAuthenticationOptions options) =>
        options.RemoteCertificateValidationCallback = (_, certificate, _, _) => string.Equals(
            certificate?.GetCertHashString(HashAlgorithmName.SHA256),
            _certificateSha256,
            StringComparison.OrdinalIgnoreCase);
}
