using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using StackExchange.Redis;
using WebHost.Testing;

namespace WebHost.Tests.Placement;

/// <summary>A real Redis on a free port. Where none is installed its tests are skipped, and fail in CI.</summary>
public sealed class RedisFixture : IAsyncLifetime
{
    public const string Password = "of-the-administrator";

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("webhost-redis-");
    private Process? _process;

    public static bool IsInstalled { get; } =
        (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator).Any(folder => File.Exists(Path.Combine(folder, "redis-server")));

    public int Port { get; private set; }

    public int TlsPort { get; private set; }

    public string CertificateSha256 { get; private set; } = "";

    public async ValueTask InitializeAsync()
    {
        if (!IsInstalled)
        {
            return;
        }

        (Port, TlsPort) = (FreePort(), FreePort());
        var (certificate, key) = (Path.Combine(_folder.FullName, "server.crt"), Path.Combine(_folder.FullName, "server.key"));
        using (var ecdsa = ECDsa.Create(ECCurve.NamedCurves.nistP256))
        using (var made = new CertificateRequest("CN=redis", ecdsa, HashAlgorithmName.SHA256)
            .CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1)))
        {
            CertificateSha256 = made.GetCertHashString(HashAlgorithmName.SHA256);
            await File.WriteAllTextAsync(certificate, made.ExportCertificatePem());
            await File.WriteAllTextAsync(key, ecdsa.ExportPkcs8PrivateKeyPem());
        }

        var users = Path.Combine(_folder.FullName, "users.acl");
        await File.WriteAllTextAsync(users, $"user default off\nuser webhost on >{Password} ~* &* +@all\n");
        _process = Process.Start(new ProcessStartInfo("redis-server")
        {
            ArgumentList =
            {
                "--port", $"{Port}", "--bind", "127.0.0.1", "--dir", _folder.FullName, "--aclfile", users, "--save", "",
                "--tls-port", $"{TlsPort}", "--tls-cert-file", certificate, "--tls-key-file", key, "--tls-auth-clients", "no",
            },
            RedirectStandardOutput = true,
        })!;
        _process.OutputDataReceived += (_, _) => { };
        _process.BeginOutputReadLine();
        await Eventually.IsTrueAsync(async () =>
        {
            using var client = new TcpClient();
            try
            {
                await client.ConnectAsync(IPAddress.Loopback, Port);
                return true;
            }
            catch (SocketException)
            {
                return false;
            }
        });
    }

    public async ValueTask DisposeAsync()
    {
        if (_process is not null)
        {
            _process.Kill();
            await _process.WaitForExitAsync();
            _process.Dispose();
        }

        _folder.Delete(recursive: true);
    }

    /// <summary>Connects as a user.</summary>
    public Task<ConnectionMultiplexer> ConnectAsync(string user, string password) =>
        ConnectionMultiplexer.ConnectAsync(new ConfigurationOptions
        {
            EndPoints = { { "127.0.0.1", Port } },
            User = user,
            Password = password,
            // So that it is the server that refuses, not our client.
            AllowAdmin = true,
            ConnectRetry = 0,
            ConnectTimeout = 2000,
        });

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
