using System.Diagnostics;
using System.Net;
using System.Net.Sockets;

namespace WebHost.Local.Functions.Tests;

public sealed class ProcessTests
{
    private static readonly Dictionary<string, string?> NoQueue = new()
    {
        ["SampleQueues"] = "Host=127.0.0.1;Port=1;Username=nobody;Timeout=1",
    };

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Functions_of_the_application_and_of_its_libraries_are_served_where_the_arguments_say()
    {
        var port = SampleProcess.FreePort();
        await using var process = new SampleProcess(NoQueue, "--port", $"{port}");
        using var client = new HttpClient { BaseAddress = await process.AddressAsync() };

        Assert.Equal(port, client.BaseAddress.Port);
        Assert.Equal("found", await client.GetStringAsync("api/Library", Cancel));
        Assert.Contains("(2 HTTP, 0 timer, 1 queue, 0 orchestrator, 0 activity functions)", Assert.Single(process.Output), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_terminated_process_finishes_its_request_and_exits_cleanly_within_ten_seconds()
    {
        await using var process = new SampleProcess(NoQueue, "--port", $"{SampleProcess.FreePort()}");
        var address = await process.AddressAsync();
        using var connection = new TcpClient();
        await connection.ConnectAsync(IPAddress.Loopback, address.Port, Cancel);
        await using var stream = connection.GetStream();
        using var reader = new StreamReader(stream);
        await stream.WriteAsync("POST /api/slow HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nConnection: close\r\n\r\n"u8.ToArray(), Cancel);
        var answer = "";
        while (!answer.Contains("begun", StringComparison.Ordinal))
        {
            answer += await reader.ReadLineAsync(Cancel);
        }

        var clock = Stopwatch.StartNew();
        await process.TerminateAsync();
        await stream.WriteAsync("x"u8.ToArray(), Cancel);

        Assert.Contains("finished", await reader.ReadToEndAsync(Cancel), StringComparison.Ordinal);
        Assert.Equal(0, await process.ExitCodeAsync());
        Assert.True(clock.Elapsed < TimeSpan.FromSeconds(10), $"It took {clock.Elapsed}.");
    }

    [Fact]
    public async Task A_port_in_use_is_one_line_and_exit_code_1()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var port = ((IPEndPoint)listener.LocalEndpoint).Port;

        await using var process = new SampleProcess(NoQueue, "--port", $"{port}");

        Assert.Equal(1, await process.ExitCodeAsync());
        Assert.Equal(
            $"Failed to bind to address http://127.0.0.1:{port}: address already in use."
            + " Stop what listens there, or choose another with --port.",
            Assert.Single(process.Errors));
        Assert.Empty(process.Output);
    }

    [Fact]
    public async Task A_missing_setting_is_named_and_the_exit_code_is_1()
    {
        await using var process = new SampleProcess([], "--port", $"{SampleProcess.FreePort()}");

        Assert.Equal(1, await process.ExitCodeAsync());
        Assert.Equal(
            [
                "The functions cannot start:",
                "  - 'Queue' (WebHost.Local.SampleApp.QueueFunctions.Run): the setting SampleQueues is missing:"
                + " the connection string of its queue.",
            ],
            process.Errors);
        Assert.Empty(process.Output);
    }
}
