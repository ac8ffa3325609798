using WebHost.Plans;

namespace WebHost.Migration;

/// <summary>Where somebody wants a tenant to be.</summary>
/// <param name="Kind">Why it moves.</param>
/// <param name="Plan">The plan; the next one in the direction of the kind when absent.</param>
/// <param name="Region">The provider's region code; the one that suits the fleet best when absent.</param>
/// <param name="AcceptArchive">Whether history that the new plan does not retain may leave for the archive.</param>
public sealed record MoveRequest(MoveKind Kind, PlanId? Plan = null, string? Region = null, bool AcceptArchive = false);
