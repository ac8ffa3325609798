using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Text;
using WebHost.Scenarios.Callers;
using WebHost.Scenarios.Gps;
using WebHost.Scenarios.Hosting;
using WebHost.Testing;

namespace WebHost.Scenarios.Migrations;

/// <summary>
/// A fleet that never rests: devices post on three protocols, and somebody edits vehicles and geofences. It remembers what was
/// accepted, and knows what the tenant must have in the end.
/// </summary>
internal sealed class FleetAtWork : IAsyncDisposable
{
    // Within every plan's retention.
    private static readonly DateTimeOffset Start = new(DateTime.UtcNow.Date.AddDays(-3), TimeSpan.Zero);
    private static readonly TimeSpan Pace = TimeSpan.FromMilliseconds(100);

    private readonly LocalApp _app;
    private readonly CancellationTokenSource _enough = new();
    private readonly ConcurrentDictionary<Tracker, ConcurrentQueue<DateTimeOffset>> _accepted = new();
    private readonly Dictionary<string, string?> _model = [];
    private readonly List<Task> _working = [];
    private TimeSpan _longestRefusal;
    private int _readsFailed;

    private FleetAtWork(LocalApp app, Guid tenantId)
    {
        _app = app;
        TenantId = tenantId;
    }

    public Guid TenantId { get; }

    /// <summary>For how long the API refused writes at the longest.</summary>
    public TimeSpan LongestRefusal => _longestRefusal;

    /// <summary>Reads that were refused while the host was up.</summary>
    public int ReadsFailed => _readsFailed;

    public int Accepted => _accepted.Values.Sum(times => times.Count);

    /// <summary>Starts devices that post, and, unless nobody is to be at the desk, editing and reading.</summary>
    public static async Task<FleetAtWork> StartAsync(LocalApp app, Guid tenantId, int devices, bool isManned = true)
    {
        var fleet = new FleetAtWork(app, tenantId);
        for (var i = 0; i < devices; i++)
        {
            var tracker = await app.AddDeviceAsync(tenantId);
            fleet._accepted[tracker] = [];
            fleet._working.Add(fleet.DriveAsync(tracker, i % 3));
        }

        if (isManned)
        {
            fleet._working.Add(fleet.EditAsync());
            fleet._working.Add(fleet.ReadAsync());
        }

        return fleet;
    }

    /// <summary>Goes on until so many further points were accepted.</summary>
    public Task DriveOnAsync(int points)
    {
        var before = Accepted;
        return Eventually.IsTrueAsync(() => Task.FromResult(Accepted >= before + points), SignupCalls.Patience);
    }

    /// <summary>Ends the work.</summary>
    public async Task StopAsync()
    {
        await _enough.CancelAsync();
        await Task.WhenAll(_working);
    }

    /// <summary>Asserts that what was accepted is there once, and that vehicles and geofences are what the model says.</summary>
    public async Task AssertNothingLostAsync()
    {
        foreach (var (tracker, times) in _accepted)
        {
            var found = await Eventually.GetAsync(
                async () => (await _app.ReadTrackAsync(tracker)).ConvertAll(point => point.Time) is var all && !times.Except(all).Any()
                    ? all
                    : null,
                SignupCalls.Patience,
                $"{times.Count} accepted points of {tracker.DeviceId}");
            Assert.Equal(found.Count, found.Distinct().Count());
        }

        foreach (var (path, name) in _model)
        {
            var answer = await _app.Operator.GetAsync(path);
            Assert.Equal((path, name), (path, answer.Status == HttpStatusCode.OK ? answer.Json.Text("name") : null));
        }
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        _enough.Dispose();
    }

    private async Task DriveAsync(Tracker tracker, int protocol)
    {
        using var pace = new PeriodicTimer(Pace);
        for (var i = 0; !_enough.IsCancellationRequested; i++)
        {
            var time = Start.AddSeconds(i);
            var answer = await _app.Anybody.TrySendAsync(Request(tracker, time, protocol));
            if (answer?.Status == HttpStatusCode.OK)
            {
                _accepted[tracker].Enqueue(time);
            }

            Assert.Contains(answer?.Status, (HttpStatusCode?[])[null, HttpStatusCode.OK, HttpStatusCode.ServiceUnavailable]);
            await pace.WaitForNextTickAsync();
        }
    }

    private static HttpRequestMessage Request(Tracker tracker, DateTimeOffset time, int protocol)
    {
        var seconds = time.ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture);
        return protocol switch
        {
            0 => Api.WithJson(HttpMethod.Post, $"api/gps/{tracker.Token}", new[] { FleetCalls.Point(time, 46, 14) }),
            1 => new HttpRequestMessage(HttpMethod.Get, $"api/gps?token={tracker.Token}&lat=46.5&lon=14.5&timestamp={seconds}"),
            _ => new HttpRequestMessage(HttpMethod.Post, $"api/gps/{tracker.Token}")
            {
                Content = new StringContent(
                    $$$"""{"locations":[{"type":"Feature","geometry":{"type":"Point","coordinates":[14.1,46.1]},"properties":{"timestamp":"{{{time:yyyy-MM-ddTHH:mm:ssZ}}}","device_id":"x"}}]}""",
                    Encoding.UTF8,
                    "application/json"),
            },
        };
    }

    // One edit after the other, each until it is answered: with a host that dies, repeating a PUT or DELETE is what a caller does.
    private async Task EditAsync()
    {
        using var pace = new PeriodicTimer(Pace / 2);
        var random = new Random(1);
        for (var i = 0; !_enough.IsCancellationRequested; i++)
        {
            var vehicle = random.Next(2) == 0;
            var path = $"api/tenants/{TenantId}/{(vehicle ? "vehicles/v" : "geofences/g")}{random.Next(4)}";
            var name = $"Name {i}";
            var deletes = random.Next(5) == 0;
            await UntilAnsweredAsync(() => deletes
                ? new HttpRequestMessage(HttpMethod.Delete, path)
                : Api.WithJson(HttpMethod.Put, path, vehicle ? new { name } : new { name, area = Square(i) }));
            _model[path] = deletes ? null : name;
            await pace.WaitForNextTickAsync();
        }
    }

    private async Task UntilAnsweredAsync(Func<HttpRequestMessage> request)
    {
        DateTimeOffset? refusedSince = null;
        while (true)
        {
            var answer = await _app.Operator.TrySendAsync(request());
            if (answer is { Status: HttpStatusCode.OK or HttpStatusCode.Created or HttpStatusCode.NoContent or HttpStatusCode.NotFound })
            {
                if (refusedSince is { } since && DateTimeOffset.UtcNow - since is var refusal && refusal > _longestRefusal)
                {
                    _longestRefusal = refusal;
                }

                return;
            }

            Assert.Contains(answer?.Status, (HttpStatusCode?[])[null, HttpStatusCode.ServiceUnavailable]);
            refusedSince ??= DateTimeOffset.UtcNow;
        }
    }

    private async Task ReadAsync()
    {
        using var pace = new PeriodicTimer(Pace);
        while (!_enough.IsCancellationRequested)
        {
            var answer = await _app.Operator.TryGetAsync($"api/tenants/{TenantId}/vehicles");
            if (answer is { Status: not HttpStatusCode.OK })
            {
                Interlocked.Increment(ref _readsFailed);
                TestContext.Current.TestOutputHelper?.WriteLine($"A read failed: {answer}");
            }

            await pace.WaitForNextTickAsync();
        }
    }

    private static object Square(int i)
    {
        var (west, south) = (10 + (i % 50 * 0.01), 50 + (i % 30 * 0.01));
        double[][] ring =
            [[west, south], [west + 0.005, south], [west + 0.005, south + 0.005], [west, south + 0.005], [west, south]];
        return new { type = "Polygon", coordinates = new[] { ring } };
    }
}
