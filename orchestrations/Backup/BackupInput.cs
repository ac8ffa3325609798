using WebHost.Operations;

namespace WebHost.Backups;

/// <summary>Input of <see cref="BackUpTenant"/> and of every activity of its.</summary>
/// <param name="OperationId">The operation, and the backup's id.</param>
/// <param name="TenantId">Whose backup.</param>
/// <param name="Retries">How often steps are tried.</param>
/// <param name="PollInterval">Between two looks whether the tenant can be backed up.</param>
/// <param name="Patience">For how long that is waited for.</param>
public sealed record BackupInput(
    Guid OperationId, Guid TenantId, StepRetries Retries, TimeSpan PollInterval, TimeSpan Patience);

/// <summary>Which step of a backup failed and why.</summary>
/// <param name="Input">The backup.</param>
/// <param name="Step">Name of the step.</param>
/// <param name="Reason">In the words of whoever refused.</param>
public sealed record FailedBackup(BackupInput Input, string Step, string Reason)
{
    /// <summary>The failure with no more of its reason than fits.</summary>
    public static FailedBackup Of(BackupInput input, string step, string reason) =>
        new(input, step, StepReason.Cut(reason));
}
