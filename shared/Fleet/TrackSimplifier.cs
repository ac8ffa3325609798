using System.Runtime.CompilerServices;
using WebHost.Gps;

namespace WebHost.Fleet;

/// <summary>
/// Leaves out points of a track that lie near the line between those around them, while the track is read: in one pass, in
/// constant memory, and in metres wherever on earth. (PostGIS's ST_Simplify measures in the unit of the coordinates, which
/// for degrees is another length in every direction and latitude, needs the whole track at once and keeps nothing but
/// coordinates.)
/// </summary>
/// <remarks>
/// From the last point kept, the lines that pass every later point within the tolerance are a sector, which each point
/// narrows. A point may end the line if it is in the sector and no nearer than those before; the last one that may is kept
/// next.
/// </remarks>
public static class TrackSimplifier
{
    /// <summary>Mean radius of the earth, metres (IUGG).</summary>
    private const double EarthRadius = 6_371_008.8;

    // A line is drawn straight in degrees, and a degree of longitude is not the same length at both ends of a long one. Up
    // to so many metres, and towards the poles fewer, the difference is below a third of a percent.
    private const double LongestLine = 20_000;

    // What that, and the sphere in place of the ellipsoid, may take from the tolerance.
    private const double Margin = 0.99;

    /// <summary>
    /// The points to keep: the first, the last, and as many between that no other is farther from the line than said.
    /// </summary>
    /// <param name="track">Points in the order of their times.</param>
    /// <param name="tolerance">Metres, above 0.</param>
    /// <param name="cancellationToken">Cancels the reading.</param>
    public static async IAsyncEnumerable<GpsPoint> SimplifyAsync(
        IAsyncEnumerable<GpsPoint> track,
        double tolerance,
        [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(track);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(tolerance);
        Sector? sector = null;
        GpsPoint? candidate = null;
        await foreach (var point in track.WithCancellation(cancellationToken))
        {
            if (sector is null)
            {
                yield return point;
                sector = new Sector(point, tolerance * Margin);
                continue;
            }

            if (!sector.Takes(point))
            {
                yield return candidate!;
                sector = new Sector(candidate!, tolerance * Margin);
                sector.Takes(point);
            }

            candidate = point;
        }

        if (candidate is not null)
        {
            yield return candidate;
        }
    }

    /// <summary>The directions from a point in which a line passes all points taken within the tolerance.</summary>
    private sealed class Sector(GpsPoint origin, double tolerance)
    {
        private readonly double _metresPerLongitude =
            double.DegreesToRadians(EarthRadius) * Math.Cos(double.DegreesToRadians(origin.Latitude));

        private readonly double _longestLine =
            LongestLine * Math.Min(1, 1 / Math.Abs(Math.Tan(double.DegreesToRadians(origin.Latitude))));

        private double _farthest;
        private double _axis;
        private double _left;
        private double _right;

        /// <summary>
        /// Whether the line from the origin to a point passes all points taken; then the point is taken. The first always
        /// is.
        /// </summary>
        public bool Takes(GpsPoint point)
        {
            var east = _metresPerLongitude * Math.IEEERemainder(point.Longitude - origin.Longitude, 360);
            var north = double.DegreesToRadians(EarthRadius) * (point.Latitude - origin.Latitude);
            var distance = Math.Sqrt((east * east) + (north * north));
            var isFirst = _farthest == 0;
            var direction = Math.Atan2(north, east);
            if (!isFirst && (distance < _farthest || distance > _longestLine || !IsWithin(Turn(direction))))
            {
                return false;
            }

            if (distance <= tolerance)
            {
                // Near enough to the origin, wherever the line goes.
                return true;
            }

            if (isFirst)
            {
                _axis = direction;
                (_left, _right) = (double.NegativeInfinity, double.PositiveInfinity);
            }

            var opening = Math.Asin(tolerance / distance);
            var turn = Turn(direction);
            _left = Math.Max(_left, turn - opening);
            _right = Math.Min(_right, turn + opening);
            _farthest = distance;
            return true;
        }

        private double Turn(double direction) => Math.IEEERemainder(direction - _axis, 2 * Math.PI);

        private bool IsWithin(double turn) => turn >= _left && turn <= _right;
    }
}
