using Microsoft.Azure.Functions.Worker;
using Microsoft.Extensions.Logging;
using WebHost.Backups;
using WebHost.Migration;
using WebHost.Operations;

namespace WebHost.Emergency;

/// <summary>
/// Brings what the tenant edits before it can be edited at the new home: nobody finds an empty fleet there, or changes a vehicle that
/// has not arrived. Points do not wait for it long.
/// </summary>
public sealed partial class RestoreFleet(
    FailoverSteps steps, BackupRestore restore, Fence fence, ILogger<RestoreFleet> logger)
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(10);

    /// <summary>The step.</summary>
    [Function(nameof(RestoreFleet))]
    public Task<bool> RunAsync([ActivityTrigger] FailoverInput input, CancellationToken cancellationToken) =>
        steps.RunAsync(
            input,
            nameof(RestoreFleet),
            async failing =>
            {
                using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
                limit.CancelAfter(Limit);
                try
                {
                    var expected = await fence.ReadAsync(failing.TargetDatabase, input.TenantId, limit.Token)
                        ?? throw new InvalidOperationException("The new home does not know the tenant.");
                    var backup = await restore.RestoreFleetAsync(
                        new JoinedTenant(failing.TargetDatabase, input.TenantId, expected.Epoch), limit.Token);
                    return StepOutcome.Done(backup is null
                        ? "There is no backup that could be read."
                        : $"They are as they were when the backup of {backup.FinishedAt:u} was made.");
                }
                catch (Exception later) when (!cancellationToken.IsCancellationRequested)
                {
                    LogLater(logger, input.TenantId, later);
                    return StepOutcome.Done("They come with the history: it did not work at once.");
                }
            },
            cancellationToken);

    [LoggerMessage(791, LogLevel.Warning, "Tenant {TenantId}: vehicles, devices and geofences are restored after the switch.")]
    private static partial void LogLater(ILogger logger, Guid tenantId, Exception exception);
}
