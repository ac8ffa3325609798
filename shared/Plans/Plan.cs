namespace WebHost.Plans;

/// <summary>One plan of the price list.</summary>
/// <param name="Id">Which plan.</param>
/// <param name="MonthlyPriceUsd">What the customer pays a month.</param>
/// <param name="Mode">Shared or own infrastructure.</param>
/// <param name="Reach">How far the infrastructure spreads.</param>
/// <param name="Limits">What the plan allows.</param>
/// <param name="Pool">The infrastructure it runs on.</param>
public sealed record Plan(
    PlanId Id,
    decimal MonthlyPriceUsd,
    HostingMode Mode,
    PlanReach Reach,
    PlanLimits Limits,
    InfrastructurePool Pool)
{
    /// <summary>One customer's share of the infrastructure's cost a month.</summary>
    public decimal MonthlyCostUsd => Pool.MonthlyCostPerCustomerUsd;

    /// <summary>What remains of the price after that cost, in percent of the price, to one decimal.</summary>
    public decimal MarginPercent =>
        Math.Round((MonthlyPriceUsd - MonthlyCostUsd) / MonthlyPriceUsd * 100, 1, MidpointRounding.AwayFromZero);
}
