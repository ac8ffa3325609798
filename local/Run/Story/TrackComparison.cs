using System.Globalization;
using WebHost.Local.Run.Drives;

namespace WebHost.Local.Run.Story;

/// <summary>Compares what was read back with what was sent, point by point.</summary>
internal static class TrackComparison
{
    /// <summary>Degrees; about a centimetre.</summary>
    private const double PositionTolerance = 1e-7;

    /// <summary>m/s: a hundredth of a knot is 0.0051.</summary>
    private const double SpeedTolerance = 0.003;

    /// <summary>Degrees; courses are sent with one decimal.</summary>
    private const double CourseTolerance = 0.05;

    /// <summary>Every difference as a sentence with the expected and the found value; none when the two are the same.</summary>
    public static IReadOnlyList<string> Differences(IReadOnlyList<Fix> sent, IReadOnlyList<TrackPoint> found)
    {
        var differences = new List<string>();
        if (sent.Count != found.Count)
        {
            differences.Add(Invariant($"expected {sent.Count} points, found {found.Count}"));
        }

        for (var i = 0; i < Math.Min(sent.Count, found.Count); i++)
        {
            var (fix, point) = (sent[i], found[i]);
            if (fix.Time != point.Time)
            {
                differences.Add(Invariant($"point {i}: expected time {fix.Time:O}, found {point.Time:O}"));
            }

            Check(i, "latitude", fix.Latitude, point.Latitude, PositionTolerance);
            Check(i, "longitude", fix.Longitude, point.Longitude, PositionTolerance);
            Check(i, "speed", fix.Speed, point.Speed, SpeedTolerance);
            Check(i, "course", fix.Course, point.Course, CourseTolerance);
        }

        return differences;

        void Check(int index, string name, double expected, double? value, double tolerance)
        {
            // A little room for the last bit of a decimal number in binary.
            if (value is not { } number || !(Math.Abs(expected - number) <= tolerance * 1.001))
            {
                differences.Add(Invariant($"point {index}: expected {name} {expected:R}, found {value?.ToString("R", CultureInfo.InvariantCulture) ?? "none"}"));
            }
        }
    }

    private static string Invariant(FormattableString text) => FormattableString.Invariant(text);
}
