using System.Threading.RateLimiting;

namespace WebHost.Providers.Fly;

/// <summary>
/// Fly allows each action on each app or machine once a second, in bursts of three; reading a machine five times, in bursts
/// of ten. Calls beyond that wait their turn here.
/// </summary>
internal static class FlyRateLimits
{
    private const int LongestQueue = 10;

    public static PartitionedRateLimiter<HttpRequestMessage> Create() =>
        PartitionedRateLimiter.Create<HttpRequestMessage, (string Operation, string Target)>(request =>
        {
            var operation = ProviderHandler.OperationOf(request);
            var (burst, perSecond) = operation == nameof(IMachinesApi.GetMachine) ? (10, 5) : (3, 1);
            return RateLimitPartition.GetTokenBucketLimiter(
                (operation, TargetOf(request.RequestUri!)),
                _ => new TokenBucketRateLimiterOptions
                {
                    TokenLimit = burst,
                    TokensPerPeriod = perSecond,
                    ReplenishmentPeriod = TimeSpan.FromSeconds(1),
                    QueueLimit = LongestQueue,
                    QueueProcessingOrder = QueueProcessingOrder.OldestFirst,
                });
        });

    // …/v1/apps/{app}/machines/{id}/start counts against the machine, …/v1/apps/{app}/machines against the app.
    private static string TargetOf(Uri address)
    {
        var segments = address.AbsolutePath.Split('/', StringSplitOptions.RemoveEmptyEntries);
        var apps = Array.IndexOf(segments, "apps");
        var machine = apps >= 0 && segments.Length > apps + 3 && segments[apps + 2] == "machines" ? segments[apps + 3] : null;
        return machine ?? (apps >= 0 && segments.Length > apps + 1 ? segments[apps + 1] : "");
    }
}
