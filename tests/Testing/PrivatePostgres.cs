using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Npgsql;

namespace WebHost.Testing;

/// <summary>A PostgreSQL server of the test's own, to be killed.</summary>
public sealed class PrivatePostgres : IAsyncDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("postgres-test-");
    private readonly int _port = FreePort();
    private Process? _server;

    public string ConnectionString =>
        $"Host=127.0.0.1;Port={_port};Username=postgres;Password=unused;Database=postgres;Maximum Pool Size=10;Timeout=2";

    public static async Task<PrivatePostgres> StartNewAsync()
    {
        var server = new PrivatePostgres();
        if (Environment.IsPrivilegedProcess)
        {
            await RunAsync("chown", "postgres", server._folder.FullName);
        }

        using var initialize = server.Launch("initdb", "-D", server._folder.FullName, "-U", "postgres", "-A", "trust", "--no-sync");
        await initialize.WaitForExitAsync();
        ThrowUnlessSucceeded(initialize);
        await server.StartAsync();
        return server;
    }

    public async Task StartAsync()
    {
        _server = Launch(
            "postgres", "-D", _folder.FullName, "-p", $"{_port}", "-k", _folder.FullName, "-c", "listen_addresses=127.0.0.1",
            "-c", "max_connections=300");
        await Eventually.IsTrueAsync(AnswersAsync);
    }

    /// <summary>Has this flow of calls make its test databases here.</summary>
    public void Use() => TestDatabase.UseServer(ConnectionString);

    /// <summary>Nothing is flushed, nobody is told.</summary>
    public async Task KillAsync()
    {
        _server!.Kill();
        await _server.WaitForExitAsync();
        _server.Dispose();
        _server = null;
        NpgsqlConnection.ClearPool(new NpgsqlConnection(ConnectionString));
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
        await process.WaitForExitAsync();
        ThrowUnlessSucceeded(process);
    }

    private static void ThrowUnlessSucceeded(Process process)
    {
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
