using Microsoft.Extensions.Logging;
using WebHost.Migration;
using WebHost.Placement;

namespace WebHost.Emergency;

/// <summary>Fences a lost home that answers after all, if that is quick: nobody waits for it.</summary>
public sealed partial class QuickFence(Fence fence, ILogger<QuickFence> logger)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(5);

    /// <summary>Fences the tenant for good where it is served.</summary>
    /// <param name="database">The database of the home, which is not the one that serves.</param>
    /// <param name="tenantId">The tenant.</param>
    /// <param name="found">How the home was found; one that takes no writes is left as it is.</param>
    /// <param name="holder">To whom the fence belongs: an operation's id.</param>
    /// <param name="cancellationToken">Cancels it.</param>
    /// <returns>How it was found, and whether it was fenced.</returns>
    public async Task<HomeCondition> TryAsync(
        TenantDatabaseAddress database, Guid tenantId, HomeCondition found, Guid holder, CancellationToken cancellationToken)
    {
        if (found is not { Presence: HomePresence.Serving, Epoch: { } epoch })
        {
            return found;
        }

        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(Limit);
        try
        {
            await fence.CloseAsync(database, tenantId, epoch, holder, Patience, limit.Token);
            await fence.HandOverAsync(database, tenantId, epoch, holder, limit.Token);
            return found with { Detail = $"{found.Detail} It was fenced." };
        }
        catch (Exception failed) when (!cancellationToken.IsCancellationRequested)
        {
            LogNotFenced(logger, tenantId, failed);
            return found with { Detail = $"{found.Detail} It could not be fenced at once." };
        }
    }

    [LoggerMessage(792, LogLevel.Warning, "The lost home of tenant {TenantId} answers, and was not fenced at once.")]
    private static partial void LogNotFenced(ILogger logger, Guid tenantId, Exception exception);
}
