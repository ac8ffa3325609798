using System.Collections.Frozen;
using System.Collections.Immutable;

namespace WebHost.Plans;

/// <summary>The plans on sale, from the cheapest to the dearest.</summary>
public sealed class PlanCatalog
{
    private readonly FrozenDictionary<PlanId, Plan> _byId;

    /// <param name="plans">At least one plan, each <see cref="PlanId"/> at most once, in any order.</param>
    /// <exception cref="ArgumentException">There is no plan, or one of them twice.</exception>
    public PlanCatalog(IEnumerable<Plan> plans)
    {
        ArgumentNullException.ThrowIfNull(plans);
        Plans = [.. plans.OrderBy(plan => plan.MonthlyPriceUsd)];
        if (Plans.IsEmpty)
        {
            throw new ArgumentException("A catalog needs at least one plan.", nameof(plans));
        }

        if (Plans.GroupBy(plan => plan.Id).FirstOrDefault(group => group.Count() > 1) is { } twice)
        {
            throw new ArgumentException($"The plan {twice.Key} is there more than once.", nameof(plans));
        }

        _byId = Plans.ToFrozenDictionary(plan => plan.Id);
    }

    /// <summary>The price list of the founding document; the days of retention are our own choice.</summary>
    public static PlanCatalog Standard { get; } = new(
    [
        new Plan(
            PlanId.Hobby, 15, HostingMode.MultiTenant, PlanReach.Regional,
            new PlanLimits(5, 100, 50, 1_000, 10, 30),
            new InfrastructurePool("Hetzner AX52", HostingProvider.Hetzner, 89, 150)),
        new Plan(
            PlanId.Starter, 49, HostingMode.SingleTenant, PlanReach.Regional,
            new PlanLimits(25, 500, 200, 5_000, 50, 90),
            new InfrastructurePool("Fly.io starter pool", HostingProvider.Fly, 400, 50)),
        new Plan(
            PlanId.Professional, 149, HostingMode.SingleTenant, PlanReach.Global,
            new PlanLimits(100, 2_000, 500, 10_000, 100, 365),
            new InfrastructurePool("Fly.io professional pool", HostingProvider.Fly, 800, 100)),
        new Plan(
            PlanId.Business, 399, HostingMode.SingleTenant, PlanReach.MultiRegion,
            new PlanLimits(500, 10_000, 1_000, 20_000, 500, 730),
            new InfrastructurePool("Fly.io business pool", HostingProvider.Fly, 1_200, 20)),
    ]);

    /// <summary>All plans, by price.</summary>
    public ImmutableArray<Plan> Plans { get; }

    /// <summary>The plan with this id.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The catalog does not sell it.</exception>
    public Plan Get(PlanId id) =>
        _byId.GetValueOrDefault(id)
        ?? throw new ArgumentOutOfRangeException(nameof(id), id, "The catalog has no such plan.");
}
