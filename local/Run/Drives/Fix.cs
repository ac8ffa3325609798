namespace WebHost.Local.Run.Drives;

/// <summary>One position as a GPS receiver knows it.</summary>
/// <param name="Latitude">WGS84 degrees.</param>
/// <param name="Longitude">WGS84 degrees.</param>
/// <param name="Altitude">Metres.</param>
/// <param name="Speed">m/s.</param>
/// <param name="Course">Degrees from north, 0 to 360.</param>
/// <param name="Accuracy">Metres.</param>
/// <param name="Battery">Percent.</param>
internal sealed record Fix(
    DateTimeOffset Time,
    double Latitude,
    double Longitude,
    double Altitude,
    double Speed,
    double Course,
    double Accuracy,
    int Battery);
