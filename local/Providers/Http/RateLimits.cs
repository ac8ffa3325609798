using System.Threading.RateLimiting;

namespace WebHost.Local.Providers.Http;

/// <summary>Counts calls as the vendors do: per operation and what it acts on.</summary>
internal sealed class RateLimits(SimulatorsOptions options) : IDisposable
{
    private readonly PartitionedRateLimiter<(Vendor Vendor, string Operation, string Target)> _limiter =
        PartitionedRateLimiter.Create<(Vendor Vendor, string Operation, string Target), (string, string, string)>(call =>
        {
            var key = (call.Vendor.Name, call.Operation, call.Target);
            return options.RateLimits && call.Vendor.Limit(call.Operation) is (var calls, var each)
                ? RateLimitPartition.GetTokenBucketLimiter(key, _ => new TokenBucketRateLimiterOptions
                {
                    TokenLimit = calls,
                    TokensPerPeriod = 1,
                    ReplenishmentPeriod = each,
                })
                : RateLimitPartition.GetNoLimiter(key);
        });

    public bool Allows(Vendor vendor, string operation, RouteValueDictionary route)
    {
        var target = (string?)route["machine"] ?? (string?)route["app"] ?? "";
        using var lease = _limiter.AttemptAcquire((vendor, operation, target));
        return lease.IsAcquired;
    }

    public void Dispose() => _limiter.Dispose();
}
