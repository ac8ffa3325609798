namespace WebHost.Plans;

/// <summary>Infrastructure bought as a whole and shared out among a number of customers.</summary>
/// <param name="Name">What it is, for people.</param>
/// <param name="Provider">Who runs it.</param>
/// <param name="MonthlyCostUsd">What the whole costs a month.</param>
/// <param name="Customers">How many customers it carries when full.</param>
public sealed record InfrastructurePool(string Name, HostingProvider Provider, decimal MonthlyCostUsd, int Customers)
{
    /// <summary>One customer's share of the cost when the pool is full, in whole cents.</summary>
    public decimal MonthlyCostPerCustomerUsd => Math.Round(MonthlyCostUsd / Customers, 2, MidpointRounding.AwayFromZero);
}
