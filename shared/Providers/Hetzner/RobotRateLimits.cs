using System.Threading.RateLimiting;

namespace WebHost.Providers.Hetzner;

/// <summary>Robot counts each call per hour, and orders per day. What would exceed that is refused here: no queue lasts an hour.</summary>
internal static class RobotRateLimits
{
    public static PartitionedRateLimiter<HttpRequestMessage> Create() =>
        PartitionedRateLimiter.Create<HttpRequestMessage, string>(request =>
            RateLimitPartition.GetSlidingWindowLimiter(ProviderHandler.OperationOf(request), operation => operation switch
            {
                nameof(IRobotApi.CreateOrder) => Window(20, TimeSpan.FromDays(1)),
                nameof(IRobotApi.ListServers) or nameof(IRobotApi.GetServer) or nameof(IRobotApi.RenameServer)
                    or nameof(IRobotApi.GetCancellation) or nameof(IRobotApi.CancelServer)
                    or nameof(IRobotApi.WithdrawCancellation) or nameof(IRobotApi.ListKeys) or nameof(IRobotApi.CreateKey)
                    => Window(200, TimeSpan.FromHours(1)),
                _ => Window(500, TimeSpan.FromHours(1)),
            }));

    private static SlidingWindowRateLimiterOptions Window(int calls, TimeSpan period) => new()
    {
        PermitLimit = calls,
        Window = period,
        SegmentsPerWindow = 12,
        QueueLimit = 0,
    };
}
