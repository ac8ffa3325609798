using System.Threading.RateLimiting;

namespace WebHost.Providers.Fly;

/// <summary>
/// Fly allows each action on each app or machine once a second, in bursts of three; reading a machine five times, in bursts
/// of ten. Calls beyond that wait their turn here.
/// </summary>
internal static class FlyRateLimits
{
    private const int LongestQueue = 10;

    // A little longer than Fly's second: its clock started after ours.
    private static readonly TimeSpan Period = TimeSpan.FromSeconds(1.15);

    public static PartitionedRateLimiter<HttpRequestMessage> Create() =>
        PartitionedRateLimiter.Create<HttpRequestMessage, (string Operation, string Target)>(request =>
        {
            var operation = ProviderHandler.OperationOf(request);
            if (TargetOf(request.RequestUri!) is not { } target)
            {
                return RateLimitPartition.GetNoLimiter((operation, ""));
            }

            var (burst, perPeriod) = operation == nameof(IMachinesApi.GetMachine) ? (10, 5) : (3, 1);
            return RateLimitPartition.GetTokenBucketLimiter(
                (operation, target),
                _ => new TokenBucketRateLimiterOptions
                {
                    TokenLimit = burst,
                    TokensPerPeriod = perPeriod,
                    ReplenishmentPeriod = Period,
                    QueueLimit = LongestQueue,
                    QueueProcessingOrder = QueueProcessingOrder.OldestFirst,
                });
        });

    // …/v1/apps/{app}/machines/{id}/start counts against the machine, …/v1/apps/{app}/machines against the app, and
    // …/v1/apps against neither.
    private static string? TargetOf(Uri address)
    {
        var segments = address.AbsolutePath.Split('/', StringSplitOptions.RemoveEmptyEntries);
        return Array.IndexOf(segments, "apps") switch
        {
            < 0 => null,
            var apps when segments.Length > apps + 3 && segments[apps + 2] == "machines" => segments[apps + 3],
            var apps when segments.Length > apps + 1 => segments[apps + 1],
            _ => null,
        };
    }
}
