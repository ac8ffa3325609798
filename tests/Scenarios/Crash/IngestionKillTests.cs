using System.Collections.Concurrent;
using System.Net;
using WebHost.Scenarios.Callers;
using WebHost.Scenarios.Gps;
using WebHost.Scenarios.Hosting;
using WebHost.Testing;

namespace WebHost.Scenarios.Crash;

/// <summary>The host dies without a word while devices post.</summary>
public sealed class IngestionKillTests : Scenario
{
    private const int Devices = 4;
    private static readonly DateTimeOffset Start = new(2026, 3, 14, 8, 0, 0, TimeSpan.Zero);

    [Fact]
    public async Task Every_point_that_was_answered_with_2xx_before_a_kill_is_in_the_table_once()
    {
        var kills = IsLongRun ? 20 : 2;
        await StartAsync("killgps");
        var tenant = await App.SignUpToTheEndAsync(SignupData.Hobby);
        var trackers = await Task.WhenAll(Enumerable.Range(0, Devices).Select(_ => App.AddDeviceAsync(tenant.TenantId)));
        var accepted = trackers.ToDictionary(tracker => tracker, _ => new ConcurrentQueue<DateTimeOffset>());
        using var enough = CancellationTokenSource.CreateLinkedTokenSource(Cancellation);

        var posting = trackers.Select(tracker => PostAsync(tracker, accepted[tracker], enough.Token)).ToArray();
        for (var kill = 0; kill < kills; kill++)
        {
            var before = accepted.Values.Sum(times => times.Count);
            await Eventually.IsTrueAsync(() => Task.FromResult(accepted.Values.Sum(times => times.Count) > before + 100));
            await App.KillHostAsync();
            await App.StartHostAsync();
        }

        await enough.CancelAsync();
        await Task.WhenAll(posting);

        foreach (var (tracker, times) in accepted)
        {
            // A point without an answer may be there or not; none may be there twice.
            var found = await Eventually.GetAsync(
                async () => (await App.ReadTrackAsync(tracker)).ConvertAll(point => point.Time) is var all && !times.Except(all).Any()
                    ? all
                    : null,
                SignupCalls.Patience,
                $"{times.Count} accepted points of {tracker.DeviceId}");
            Assert.Equal(found.Count, found.Distinct().Count());
        }

        Say($"{accepted.Values.Sum(times => times.Count)} points accepted over {kills} kills");
    }

    private async Task PostAsync(Tracker tracker, ConcurrentQueue<DateTimeOffset> accepted, CancellationToken enough)
    {
        for (var i = 0; !enough.IsCancellationRequested; i++)
        {
            var time = Start.AddSeconds(i);
            var answer = await App.Anybody.TrySendAsync(Api.WithJson(
                HttpMethod.Post, $"api/gps/{tracker.Token}", new[] { FleetCalls.Point(time, 46, 14) }));
            if (answer?.Status == HttpStatusCode.OK)
            {
                accepted.Enqueue(time);
            }
        }
    }
}
