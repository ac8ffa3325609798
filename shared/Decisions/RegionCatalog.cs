using System.Collections.Frozen;
using System.Collections.Immutable;
using WebHost.Plans;
using WebHost.Signup;

namespace WebHost.Decisions;

/// <summary>
/// The regions in use and how far each is from the fleets. The round trips are planning figures of ours, typical of mobile
/// networks' public routes and rounded to 5 ms; they rank regions and are no promise.
/// </summary>
public static class RegionCatalog
{
    private static readonly (HostingRegion Region, int[] RoundTripsMs)[] Table =
    [
        // in the order of FleetRegion: north-america, europe, asia-pacific, south-america, africa
        (new("fsn1", HostingProvider.Hetzner, "Falkenstein", DataResidency.Eu), [105, 25, 175, 215, 165]),
        (new("hel1", HostingProvider.Hetzner, "Helsinki", DataResidency.Eu), [120, 40, 185, 230, 185]),
        (new("fra", HostingProvider.Fly, "Frankfurt", DataResidency.Eu), [95, 20, 165, 205, 155]),
        (new("ams", HostingProvider.Fly, "Amsterdam", DataResidency.Eu), [90, 25, 170, 210, 160]),
        (new("iad", HostingProvider.Fly, "Ashburn", DataResidency.Us), [30, 95, 225, 120, 230]),
        (new("sjc", HostingProvider.Fly, "San Jose", DataResidency.Us), [50, 150, 165, 175, 290]),
        (new("sin", HostingProvider.Fly, "Singapore", null), [225, 165, 45, 320, 250]),
        (new("nrt", HostingProvider.Fly, "Tokyo", null), [160, 225, 55, 270, 330]),
        (new("gru", HostingProvider.Fly, "São Paulo", null), [125, 205, 325, 25, 335]),
        (new("jnb", HostingProvider.Fly, "Johannesburg", null), [230, 160, 255, 335, 30]),
    ];

    private static readonly FrozenDictionary<string, int[]> RoundTripsMs =
        Table.ToFrozenDictionary(row => row.Region.Code, row => row.RoundTripsMs);

    /// <summary>All regions.</summary>
    public static ImmutableArray<HostingRegion> Regions { get; } = [.. Table.Select(row => row.Region)];

    /// <summary>The expected round trip in milliseconds between a fleet and a region of the catalog.</summary>
    public static int RoundTrip(FleetRegion fleet, HostingRegion region)
    {
        ArgumentNullException.ThrowIfNull(region);
        return RoundTripsMs[region.Code][(int)fleet];
    }
}
