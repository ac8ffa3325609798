using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text.RegularExpressions;
using WebHost.Testing;

namespace WebHost.Local.Functions.Tests;

/// <summary>The sample application in a process of its own.</summary>
internal sealed partial class SampleProcess : IAsyncDisposable
{
    private readonly Process _process;

    internal SampleProcess(Dictionary<string, string?> environment, params string[] arguments)
    {
        var start = new ProcessStartInfo("dotnet", [Path.Combine(AppContext.BaseDirectory, "WebHost.Local.SampleApp.dll"), .. arguments])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (var (name, value) in environment)
        {
            start.Environment[name] = value;
        }

        _process = Process.Start(start)!;
        _process.OutputDataReceived += (_, line) => Keep(Output, line.Data);
        _process.ErrorDataReceived += (_, line) => Keep(Errors, line.Data);
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
    }

    internal ConcurrentQueue<string> Output { get; } = new();

    internal ConcurrentQueue<string> Errors { get; } = new();

    internal static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    internal async Task<Uri> AddressAsync() => await Eventually.GetAsync(() => Task.FromResult(
        Output.Select(line => Address().Match(line)).FirstOrDefault(match => match.Success) is { } match
            ? new Uri(match.Groups[1].Value)
            : null));

    internal async Task TerminateAsync() =>
        await Process.Start("kill", ["-TERM", $"{_process.Id}"]).WaitForExitAsync(TestContext.Current.CancellationToken);

    internal async Task<int> ExitCodeAsync()
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        await _process.WaitForExitAsync(limit.Token);
        return _process.ExitCode;
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            _process.Kill();
            await _process.WaitForExitAsync();
        }

        _process.Dispose();
    }

    private static void Keep(ConcurrentQueue<string> lines, string? line)
    {
        if (line is not null)
        {
            lines.Enqueue(line);
        }
    }

    [GeneratedRegex("Listening on (http://[^ ]+)")]
    private static partial Regex Address();
}
