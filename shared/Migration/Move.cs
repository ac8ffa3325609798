namespace WebHost.Migration;

/// <summary>A tenant on its way from one home to another.</summary>
public sealed record Move
{
    /// <summary>The operation that carries it out.</summary>
    public required Guid OperationId { get; init; }

    /// <summary>Who moves.</summary>
    public required Guid TenantId { get; init; }

    /// <summary>Why.</summary>
    public required MoveKind Kind { get; init; }

    /// <summary>How far it is.</summary>
    public required MoveState State { get; init; }

    /// <summary>The epoch at which the source served when the move was accepted.</summary>
    public required long Epoch { get; init; }

    /// <summary>Number of the home that is left.</summary>
    public required long SourceHome { get; init; }

    /// <summary>Number of the home that is made, and the epoch at which it serves first.</summary>
    public required long TargetHome { get; init; }

    /// <summary>The first UTC day whose points move; older ones are archived. Null when all move.</summary>
    public DateOnly? RetainedSince { get; init; }

    /// <summary>Until when the tenant can be taken back, UTC; null before the switch.</summary>
    public DateTimeOffset? KeepUntil { get; init; }

    /// <summary>Name of the export with which the rows move.</summary>
    public string ExportName => $"moves/{OperationId:n}";

    /// <summary>Name of the export of what does not move because the new plan does not retain it.</summary>
    public string ArchiveName => ArchivesOf(TenantId) + OperationId.ToString("n");

    /// <summary>What the names of a tenant's archives begin with.</summary>
    public static string ArchivesOf(Guid tenantId) => $"archives/{tenantId:n}/";
}
