namespace WebHost.Emergency;

/// <summary>
/// A server, or a tenant with a database of its own, that should be failed over since its database does not serve.
/// </summary>
public sealed record FailoverProposal
{
    /// <summary>Its id, and that of the operation that carries it out.</summary>
    public required Guid Id { get; init; }

    /// <summary>The database that does not serve.</summary>
    public required Guid DatabaseId { get; init; }

    /// <summary>The server whose tenants should all be failed over; null when it is one tenant.</summary>
    public Guid? ServerId { get; init; }

    /// <summary>The tenant who should be failed over; null when it is a server.</summary>
    public Guid? TenantId { get; init; }

    /// <summary>What has become of it.</summary>
    public required FailoverProposalState State { get; init; }

    /// <summary>Why it was made, in sentences, without names of hosts.</summary>
    public required string Reason { get; init; }

    /// <summary>Whether the settings approved it and no operator was asked.</summary>
    public required bool Unattended { get; init; }

    /// <summary>Since when the database does not serve, UTC.</summary>
    public required DateTimeOffset LostSince { get; init; }

    /// <summary>When it was made, UTC.</summary>
    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>When it was approved last, UTC; null when it never was.</summary>
    public DateTimeOffset? ApprovedAt { get; init; }

    /// <summary>When it was declined, withdrawn or executed, UTC.</summary>
    public DateTimeOffset? EndedAt { get; init; }

    /// <summary>
    /// Why it could not be started when it was approved last; null when that was not tried, or it was started.
    /// </summary>
    public string? Refusal { get; init; }

    /// <summary>The operation that carries it out, once it is started.</summary>
    public Guid? OperationId => State == FailoverProposalState.Executed ? Id : null;
}
