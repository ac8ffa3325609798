using WebHost.Operations;

namespace WebHost.Backups;

/// <summary>Input of <see cref="RestoreTenant"/> and of every activity of its.</summary>
/// <param name="OperationId">The operation, and the id of the archive that it makes.</param>
/// <param name="TenantId">Who is restored.</param>
/// <param name="BackupId">From which backup; from none when null.</param>
/// <param name="To">What was received until this moment, UTC.</param>
/// <param name="WithJournal">Whether anything is added to the backup.</param>
/// <param name="Retries">How often steps are tried.</param>
public sealed record RestoreInput(
    Guid OperationId, Guid TenantId, Guid? BackupId, DateTimeOffset To, bool WithJournal, StepRetries Retries);

/// <summary>Which step of a restore failed and why.</summary>
/// <param name="Input">The restore.</param>
/// <param name="Step">Name of the step.</param>
/// <param name="Reason">In the words of whoever refused.</param>
public sealed record FailedRestore(RestoreInput Input, string Step, string Reason)
{
    /// <summary>The failure with no more of its reason than fits.</summary>
    public static FailedRestore Of(RestoreInput input, string step, string reason) =>
        new(input, step, StepReason.Cut(reason));
}
