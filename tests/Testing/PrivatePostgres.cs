using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Npgsql;

namespace WebHost.Testing;

/// <summary>A PostgreSQL server of the test's own, to be killed, or to speak TLS.</summary>
public sealed class PrivatePostgres : IAsyncDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("postgres-test-");
    private string[] _settings = [];
    private Process? _server;

    private PrivatePostgres()
    {
    }

    public int Port { get; } = FreePort();

    public string ConnectionString =>
        $"Host=127.0.0.1;Port={Port};Username=postgres;Password=unused;Database=postgres;Maximum Pool Size=10;Timeout=2";

    public static async Task<PrivatePostgres> StartNewAsync()
    {
        var server = new PrivatePostgres();
        if (Environment.IsPrivilegedProcess)
        {
            await RunAsync("chown", "postgres", server._folder.FullName);
        }

        using var initialize = server.Launch("initdb", "-D", server._folder.FullName, "-U", "postgres", "-A", "trust", "--no-sync");
        await EndAsync(initialize);
        await server.StartAsync();
        return server;
    }

    public async Task StartAsync()
    {
        _server = Launch("postgres",
        [
            "-D", _folder.FullName, "-p", $"{Port}", "-k", _folder.FullName, "-c", "listen_addresses=127.0.0.1",
            "-c", "max_connections=300", "-c", "fsync=off",
            .. _settings,
        ]);
        await Eventually.IsTrueAsync(AnswersAsync);
    }

    /// <summary>Has this flow of calls make its test databases here.</summary>
    public void Use() => TestDatabase.UseServer(ConnectionString);

    /// <summary>Starts the server anew with a certificate that it has just made for itself.</summary>
    /// <returns>Its SHA-256.</returns>
    public async Task<string> RestartWithCertificateAsync()
    {
        if (_server is not null)
        {
            await KillAsync();
        }

        var (certificate, key) = (Path.Combine(_folder.FullName, "server.crt"), Path.Combine(_folder.FullName, "server.key"));
        using var ecdsa = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var made = new CertificateRequest("CN=postgres", ecdsa, HashAlgorithmName.SHA256)
            .CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
        await File.WriteAllTextAsync(certificate, made.ExportCertificatePem());
        await File.WriteAllTextAsync(key, ecdsa.ExportPkcs8PrivateKeyPem());
        await RunAsync("chmod", "600", key);
        if (Environment.IsPrivilegedProcess)
        {
            await RunAsync("chown", "postgres", certificate, key);
        }

        _settings = ["-c", "ssl=on", "-c", $"ssl_cert_file={certificate}", "-c", $"ssl_key_file={key}"];
        await StartAsync();
        return made.GetCertHashString(HashAlgorithmName.SHA256);
    }

    /// <summary>Nothing is flushed, nobody is told.</summary>
    public async Task KillAsync()
    {
        _server!.Kill();
        await _server.WaitForExitAsync();
        _server.Dispose();
        _server = null;
    }

    public async ValueTask DisposeAsync()
    {
        if (_server is not null)
        {
            await KillAsync();
        }

        await Eventually.IsTrueAsync(() => Task.FromResult(TryDelete()));
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    private static async Task RunAsync(string program, params string[] arguments)
    {
        using var process = Process.Start(program, arguments);
        await EndAsync(process);
    }

    private static async Task EndAsync(Process process)
    {
        await process.WaitForExitAsync();
        if (process.ExitCode != 0)
        {
            throw new InvalidOperationException($"{process.StartInfo.FileName} ended with {process.ExitCode}.");
        }
    }

    /// <summary>The server refuses to run as root.</summary>
    private static string[] AsPostgres(string program) => Environment.IsPrivilegedProcess
        ? ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups", program]
        : [program];

    private static string Binary(string name) =>
        Directory.GetDirectories("/usr/lib/postgresql")
            .Order(StringComparer.Ordinal)
            .Select(version => Path.Combine(version, "bin", name))
            .Last(File.Exists);

    private Process Launch(string program, params string[] arguments)
    {
        var command = AsPostgres(Binary(program));
        var start = new ProcessStartInfo(command[0], [.. command[1..], .. arguments])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = _folder.FullName,
        };
        var process = Process.Start(start)!;
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        return process;
    }

    private async Task<bool> AnswersAsync()
    {
        try
        {
            await using var connection = new NpgsqlConnection(ConnectionString + ";Pooling=false");
            await connection.OpenAsync();
            return true;
        }
        catch (NpgsqlException)
        {
            return false;
        }
    }

    /// <summary>The killed server's children may still be writing their last.</summary>
    private bool TryDelete()
    {
        try
        {
            _folder.Delete(recursive: true);
            return true;
        }
        catch (IOException)
        {
            return false;
        }
    }
}
