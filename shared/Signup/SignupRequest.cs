using WebHost.Plans;

namespace WebHost.Signup;

/// <summary>What a new customer asks for. Values read from a webhook have passed <see cref="SignupPayload"/>'s checks.</summary>
/// <param name="Company">The customer's name.</param>
/// <param name="Email">Whom to write to.</param>
/// <param name="MonthlyBudgetUsd">What the customer will pay a month, at most.</param>
/// <param name="Vehicles">Vehicles in the fleet, at least one.</param>
/// <param name="Locations">Where the fleet drives, the main place first; at least one.</param>
/// <param name="Compliance">What must be complied with, may be empty.</param>
/// <param name="DataResidency">Where data must stay, anywhere when absent.</param>
/// <param name="LatencyRequirementMs">Longest round trip from the fleet, in milliseconds, any when absent.</param>
/// <param name="Plan">The plan that the customer chose, ours to choose when absent.</param>
public sealed record SignupRequest(
    string Company,
    string Email,
    decimal MonthlyBudgetUsd,
    int Vehicles,
    IReadOnlyList<FleetRegion> Locations,
    IReadOnlyList<ComplianceStandard> Compliance,
    DataResidency? DataResidency = null,
    int? LatencyRequirementMs = null,
    PlanId? Plan = null);
