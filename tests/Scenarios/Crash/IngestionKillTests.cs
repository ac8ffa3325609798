using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using WebHost.Scenarios.Callers;
using WebHost.Scenarios.Gps;
using WebHost.Scenarios.Hosting;
using WebHost.Testing;

namespace WebHost.Scenarios.Crash;

/// <summary>The host dies without a word while devices post, and so does the database server with everything in it.</summary>
public sealed class IngestionKillTests : Scenario
{
    private const int Devices = 10;
    private static readonly DateTimeOffset Start = new(2026, 3, 14, 8, 0, 0, TimeSpan.Zero);
    private static readonly TimeSpan Recovery = TimeSpan.FromMinutes(2);

    [Fact]
    public async Task Every_point_that_was_answered_with_2xx_is_in_the_table_once_whatever_is_killed()
    {
        var rounds = IsLongRun ? 20 : 5;
        await using var server = await PrivatePostgres.StartNewAsync();
        server.Use();
        await using var app = await LocalApp.StartAsync("killgps");
        try
        {
            await RunAsync(app, server, rounds);
        }
        catch
        {
            TestContext.Current.TestOutputHelper?.WriteLine(app.Output());
            throw;
        }
    }

    private static async Task RunAsync(LocalApp app, PrivatePostgres server, int rounds)
    {
        var tenant = await app.SignUpToTheEndAsync(SignupData.Hobby);
        var trackers = new List<Tracker>();
        for (var i = 0; i < Devices; i++)
        {
            trackers.Add(await app.AddDeviceAsync(tenant.TenantId));
        }

        var accepted = trackers.ToDictionary(tracker => tracker, _ => new ConcurrentQueue<DateTimeOffset>());
        using var enough = CancellationTokenSource.CreateLinkedTokenSource(Cancellation);
        var posting = trackers.Select((tracker, i) => PostAsync(app, tracker, i, accepted[tracker], enough.Token)).ToArray();
        for (var round = 0; round < rounds; round++)
        {
            await UntilMoreAreAcceptedAsync();
            await app.KillHostAsync();
            await app.StartHostAsync();

            // Two of five times the database goes too.
            if (round % 5 is 1 or 3)
            {
                await UntilMoreAreAcceptedAsync();
                await server.KillAsync();
                await server.StartAsync();
            }
        }

        await UntilMoreAreAcceptedAsync();
        await enough.CancelAsync();
        await Task.WhenAll(posting);

        foreach (var (tracker, times) in accepted)
        {
            // A point without an answer may be there or not; none may be there twice.
            var found = await Eventually.GetAsync(
                async () => (await app.ReadTrackAsync(tracker)).ConvertAll(point => point.Time) is var all && !times.Except(all).Any()
                    ? all
                    : null,
                Recovery,
                $"{times.Count} accepted points of {tracker.DeviceId}");
            Assert.Equal(found.Count, found.Distinct().Count());
        }

        Say($"{accepted.Values.Sum(times => times.Count)} points accepted over {rounds} kills of the host and {rounds / 5 * 2} of the database");

        Task UntilMoreAreAcceptedAsync()
        {
            var before = accepted.Values.Sum(times => times.Count);
            return Eventually.IsTrueAsync(() => Task.FromResult(accepted.Values.Sum(times => times.Count) > before + 100), Recovery);
        }
    }

    private static async Task PostAsync(
        LocalApp app, Tracker tracker, int index, ConcurrentQueue<DateTimeOffset> accepted, CancellationToken enough)
    {
        for (var i = 0; !enough.IsCancellationRequested; i += 5)
        {
            var times = Enumerable.Range(i, 5).Select(second => Start.AddSeconds(second)).ToArray();
            var (request, sent) = (index % 3) switch
            {
                0 => (Api.WithJson(HttpMethod.Post, $"api/gps/{tracker.Token}", times.Select(time => FleetCalls.Point(time, 46, 14))), times),
                1 => (Overland(tracker, times), times),
                _ => (OsmAnd(tracker, times[0]), times[..1]),
            };
            if (await app.Anybody.TrySendAsync(request) is { Status: HttpStatusCode.OK })
            {
                foreach (var time in sent)
                {
                    accepted.Enqueue(time);
                }
            }
            else
            {
                // Down, or over its limit: as devices do, it goes on a little later, with other points.
                await Task.Delay(TimeSpan.FromMilliseconds(100), CancellationToken.None);
            }
        }
    }

    private static HttpRequestMessage OsmAnd(Tracker tracker, DateTimeOffset time) => new(
        HttpMethod.Get,
        string.Create(CultureInfo.InvariantCulture, $"api/gps/{tracker.Token}?lat=46&lon=14&timestamp={time.ToUnixTimeSeconds()}"));

    private static HttpRequestMessage Overland(Tracker tracker, DateTimeOffset[] times) => Api.WithJson(
        HttpMethod.Post,
        $"api/gps/{tracker.Token}",
        new
        {
            locations = times.Select(time => new
            {
                type = "Feature",
                geometry = new { type = "Point", coordinates = (double[])[14, 46] },
                properties = new { timestamp = time, battery_level = 0.5 },
            }),
        });
}
