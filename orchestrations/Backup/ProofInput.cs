using WebHost.Operations;

namespace WebHost.Backups;

/// <summary>Input of <see cref="ProveBackup"/> and of its activity.</summary>
/// <param name="OperationId">The operation.</param>
/// <param name="TenantId">Whose backup.</param>
/// <param name="BackupId">The backup.</param>
/// <param name="Retries">How often it is tried.</param>
public sealed record ProofInput(Guid OperationId, Guid TenantId, Guid BackupId, StepRetries Retries);

/// <summary>Why a backup could not be proven.</summary>
/// <param name="Input">The backup.</param>
/// <param name="Reason">What is wrong with it, or what stood in the way.</param>
public sealed record FailedProof(ProofInput Input, string Reason)
{
    /// <summary>The failure with no more of its reason than fits.</summary>
    public static FailedProof Of(ProofInput input, string reason) =>
        new(input, StepReason.Cut(reason));
}
