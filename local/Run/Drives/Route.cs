namespace WebHost.Local.Run.Drives;

/// <summary>Streets to drive, driven to and fro for as long as it takes.</summary>
/// <param name="CruisingSpeed">m/s on the straight.</param>
/// <param name="Altitude">Metres.</param>
internal sealed record Route(string Name, double CruisingSpeed, double Altitude, IReadOnlyList<Waypoint> Waypoints)
{
    public static Route LjubljanaEastWest { get; } = new(
        "Ljubljana, from BTC City to Šiška",
        13.9,
        298,
        [
            new(46.0664, 14.5448, 25), new(46.0653, 14.5389), new(46.0634, 14.5301), new(46.0616, 14.5217, 18),
            new(46.0601, 14.5152), new(46.0583, 14.5108, 30), new(46.0575, 14.5063), new(46.0572, 14.5042, 12),
            new(46.0601, 14.5013), new(46.0633, 14.4983), new(46.0662, 14.4935, 20), new(46.0689, 14.4893),
            new(46.0724, 14.4857), new(46.0781, 14.4812, 40), new(46.0838, 14.4773, 25),
        ]);

    public static Route LjubljanaNorthSouth { get; } = new(
        "Ljubljana, from Bežigrad to Rudnik",
        12.5,
        297,
        [
            new(46.0835, 14.5117, 20), new(46.0776, 14.5110), new(46.0713, 14.5098, 15), new(46.0652, 14.5081),
            new(46.0608, 14.5062), new(46.0571, 14.5043, 30), new(46.0537, 14.5036), new(46.0503, 14.5032, 12),
            new(46.0472, 14.5034), new(46.0451, 14.5062), new(46.0428, 14.5118, 45), new(46.0391, 14.5192),
            new(46.0342, 14.5279), new(46.0293, 14.5358, 20),
        ]);

    public static Route Ashburn { get; } = new(
        "Ashburn, Virginia, along Loudoun County Parkway",
        17.9,
        88,
        [
            new(39.0437, -77.4875, 30), new(39.0401, -77.4839), new(39.0362, -77.4802, 20), new(39.0321, -77.4771),
            new(39.0278, -77.4722), new(39.0244, -77.4661, 35), new(39.0221, -77.4583), new(39.0169, -77.4544),
            new(39.0112, -77.4531, 20), new(39.0047, -77.4558), new(38.9986, -77.4602), new(38.9921, -77.4655, 40),
        ]);

    public static Route Seattle { get; } = new(
        "Seattle, from Pioneer Square to Ballard",
        13.4,
        31,
        [
            new(47.6019, -122.3339, 25), new(47.6053, -122.3362), new(47.6092, -122.3400, 15), new(47.6129, -122.3440),
            new(47.6165, -122.3484, 20), new(47.6205, -122.3493), new(47.6247, -122.3565), new(47.6300, -122.3640),
            new(47.6369, -122.3705, 30), new(47.6440, -122.3763), new(47.6512, -122.3762), new(47.6590, -122.3761, 20),
            new(47.6686, -122.3763, 45),
        ]);
}
