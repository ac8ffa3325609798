using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace WebHost.Local.Run.Launch;

/// <summary>A running application with its simulators; disposing of it stops both, the application first.</summary>
internal sealed class Instance : IAsyncDisposable
{
    private static readonly TimeSpan StartDeadline = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan PollInterval = TimeSpan.FromMilliseconds(50);

    private readonly LaunchOptions _options;
    private readonly ManagedProcess _simulators;
    private readonly ManagedProcess _host;

    private Instance(LaunchOptions options, ConnectionFile connection, ManagedProcess simulators, ManagedProcess host)
    {
        _options = options;
        Connection = connection;
        _simulators = simulators;
        _host = host;
    }

    public ConnectionFile Connection { get; }

    /// <summary>Starts everything, waits until it is healthy, and registers the shared server of a new state folder.</summary>
    /// <exception cref="LaunchException">Something did not come up; the message says what and why.</exception>
    public static async Task<Instance> StartAsync(LaunchOptions options, CancellationToken cancellation)
    {
        var secrets = Secrets.Of(options.State);
        var (control, local) = await ControlDatabases.EnsureAsync(
            options.AdminDatabase, secrets.DatabasePassword, cancellation);

        var url = Loopback(options.Port);
        var simulatorsUrl = Loopback(options.State.Port("simulators"));
        var simulators = ManagedProcess.Start(
            "simulators",
            options.State,
            AssemblyOf(options, "local/Providers", "WebHost.Local.Providers"),
            ["--port", Text(simulatorsUrl.Port)],
            new Dictionary<string, string>
            {
                ["Simulators__Database"] = local,
                ["Simulators__AdminDatabase"] = options.AdminDatabase,
            });
        var host = ManagedProcess.Start(
            "host",
            options.State,
            AssemblyOf(options, "functions", "WebHost.Functions"),
            ["--port", Text(url.Port)],
            HostSettings.For(options, secrets, simulatorsUrl, control, local));
        var connection = new ConnectionFile(
            url, simulatorsUrl, secrets.OperatorKey, secrets.WebhookSecret, secrets.StripeSecret, control,
            options.AdminDatabase, host.Id);
        var instance = new Instance(options, connection, simulators, host);
        try
        {
            await instance.WaitUntilHealthyAsync(cancellation);
            connection.Write(options.State);
            await options.State.OnceAsync("shared-server", () => instance.RegisterSharedServerAsync(cancellation));
            return instance;
        }
        catch
        {
            await instance.DisposeAsync();
            throw;
        }
    }

    /// <summary>Waits until one of the programs has ended by itself, and says which.</summary>
    public async Task<string> WaitForUnexpectedExitAsync(CancellationToken cancellation)
    {
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        await await Task.WhenAny(_host.WaitForExitAsync(either.Token), _simulators.WaitForExitAsync(either.Token));
        await either.CancelAsync();
        return Obituary(_host.HasExited ? _host : _simulators);
    }

    public async ValueTask DisposeAsync()
    {
        File.Delete(_options.State.ConnectionFile);
        await _host.DisposeAsync();
        await _simulators.DisposeAsync();
    }

    private static Uri Loopback(int port) => new($"http://127.0.0.1:{Text(port)}");

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);

    private static string AssemblyOf(LaunchOptions options, string project, string name) =>
        Path.Combine(options.Root, project, "bin/Release/net10.0", name + ".dll");

    private static string Obituary(ManagedProcess process) =>
        $"The {process.Name} ended by itself (exit code {Text(process.ExitCode)}). {process.Log} ends with:\n{process.LogTail()}";

    private async Task WaitUntilHealthyAsync(CancellationToken cancellation)
    {
        using var http = new HttpClient { Timeout = TimeSpan.FromSeconds(5) };
        http.DefaultRequestHeaders.Add("x-functions-key", Connection.OperatorKey);
        await WaitUntilAsync(http, new Uri(Connection.SimulatorsUrl, "resources"), cancellation);
        await WaitUntilAsync(http, new Uri(Connection.Url, "api/health"), cancellation);
    }

    private async Task WaitUntilAsync(HttpClient http, Uri address, CancellationToken cancellation)
    {
        var clock = Stopwatch.StartNew();
        while (true)
        {
            if (_host.HasExited || _simulators.HasExited)
            {
                throw new LaunchException(Obituary(_host.HasExited ? _host : _simulators));
            }

            string last;
            try
            {
                using var response = await http.GetAsync(address, cancellation);
                if (response.IsSuccessStatusCode)
                {
                    return;
                }

                last = $"{Text((int)response.StatusCode)} {await response.Content.ReadAsStringAsync(cancellation)}";
            }
            catch (Exception notYet) when (notYet is HttpRequestException or TaskCanceledException { InnerException: TimeoutException })
            {
                last = notYet.Message;
            }

            if (clock.Elapsed > StartDeadline)
            {
                throw new LaunchException(
                    $"{address} is not well after {StartDeadline.TotalSeconds} s: {last}\nSee {_host.Log} and {_simulators.Log}.");
            }

            await Task.Delay(PollInterval, cancellation);
        }
    }

    /// <summary>Gives the application its first shared server, as an operator does once a server has been delivered.</summary>
    private async Task RegisterSharedServerAsync(CancellationToken cancellation)
    {
        using var http = new HttpClient();
        http.DefaultRequestHeaders.Add("x-functions-key", Connection.OperatorKey);
        using var seeded = await http.PostAsync(new Uri(Connection.SimulatorsUrl, "seed/hetzner-server"), null, cancellation);
        var server = await ReadAsync(seeded, cancellation);
        using var registered = await http.PostAsJsonAsync(
            new Uri(Connection.Url, "api/servers"),
            new
            {
                name = "ax52-1",
                provider = "hetzner",
                providerServerNumber = server["serverNumber"],
                region = "fsn1",
                address = server["serverIp"],
                capacity = 150,
                database = server["database"],
            },
            JsonSerializerOptions.Web,
            cancellation);
        await ReadAsync(registered, cancellation);
    }

    private static async Task<JsonNode> ReadAsync(HttpResponseMessage response, CancellationToken cancellation)
    {
        var body = await response.Content.ReadAsStringAsync(cancellation);
        if (response.StatusCode is not (HttpStatusCode.OK or HttpStatusCode.Created))
        {
            throw new LaunchException(
                $"{response.RequestMessage!.Method} {response.RequestMessage.RequestUri} answered {Text((int)response.StatusCode)}: {body}");
        }

        return JsonNode.Parse(body) ?? throw new LaunchException($"{response.RequestMessage!.RequestUri} answered nothing.");
    }
}
