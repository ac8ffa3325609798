using WebHost.Local.Run.Drives;

namespace WebHost.Local.Run.Story;

/// <summary>A fleet of the story: what its signup says, what must come of it, and where its two vans drive.</summary>
/// <param name="Signup">The `data` of the webhook.</param>
internal sealed record FleetPlan(
    string Company,
    object Signup,
    string ExpectedMode,
    string ExpectedProvider,
    FleetVehicle TraccarVan,
    FleetVehicle OsmAndVan)
{
    /// <summary>Five vans and $15 to spend: the hobby plan on a shared server.</summary>
    public static FleetPlan Courier { get; } = new(
        "Kurir Ljubljana",
        new
        {
            company = "Kurir Ljubljana",
            email = "flota@kurir-ljubljana.example",
            monthlyBudgetUsd = 20,
            vehicles = 4,
            locations = new[] { "europe" },
            compliance = new[] { "gdpr" },
        },
        "multi-tenant",
        "hetzner",
        new("van-1", "Van 1", "LJ 123-KL", Route.LjubljanaEastWest),
        new("van-2", "Van 2", "LJ 456-KL", Route.LjubljanaNorthSouth));

    /// <summary>Thirty trucks under SOC 2: infrastructure of their own.</summary>
    public static FleetPlan Freight { get; } = new(
        "Cascade Freight",
        new
        {
            company = "Cascade Freight",
            email = "ops@cascade-freight.example",
            monthlyBudgetUsd = 300,
            vehicles = 30,
            locations = new[] { "north-america" },
            compliance = new[] { "soc2" },
        },
        "single-tenant",
        "fly",
        new("truck-ashburn", "Truck Ashburn", "VA TX-4411", Route.Ashburn),
        new("truck-seattle", "Truck Seattle", "WA C88123B", Route.Seattle));
}
