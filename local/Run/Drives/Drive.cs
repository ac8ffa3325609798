namespace WebHost.Local.Run.Drives;

/// <summary>
/// Drives a route the way a van does: it speeds up and brakes within what passengers bear, slows for turns, stands at
/// stops, turns round at the ends; the receiver's error drifts. The same route, start and seed give the same drive.
/// </summary>
internal static class Drive
{
    private const double MetresPerDegree = 111_195;
    private const double Acceleration = 1.6;
    private const double Braking = 2.2;
    private const double Step = 1;

    public static IReadOnlyList<Fix> Along(Route route, DateTimeOffset start, TimeSpan interval, int count, int seed)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(route.Waypoints.Count, 2);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(count);
        if (interval < TimeSpan.FromSeconds(1) || interval.Ticks % TimeSpan.TicksPerSecond != 0)
        {
            throw new ArgumentOutOfRangeException(nameof(interval), interval, "An interval is of whole seconds.");
        }

        var random = new Random(seed);
        var van = new Van(route);
        var fixes = new List<Fix>(count);
        double errorNorth = 0, errorEast = 0;
        for (var i = 0; i < count; i++)
        {
            errorNorth = 0.9 * errorNorth + random.NextDouble() - 0.5;
            errorEast = 0.9 * errorEast + random.NextDouble() - 0.5;
            var (latitude, longitude) = van.Position;
            fixes.Add(new(
                start + i * interval,
                Math.Round(latitude + errorNorth / MetresPerDegree, 7),
                Math.Round(longitude + errorEast / MetresPerLongitudeDegree(latitude), 7),
                Math.Round(route.Altitude + 4 * Math.Sin(van.Travelled / 700), 1),
                Math.Round(van.Speed, 2),
                Math.Round(van.Course, 1) % 360,
                Math.Round(3 + 4 * random.NextDouble(), 1),
                61 + 30 * i / count));
            for (var passed = TimeSpan.Zero; passed < interval; passed += TimeSpan.FromSeconds(Step))
            {
                van.Move();
            }
        }

        return fixes;
    }

    private static double MetresPerLongitudeDegree(double latitude) => MetresPerDegree * Math.Cos(double.DegreesToRadians(latitude));

    /// <summary>The vehicle between two waypoints of its route.</summary>
    private sealed class Van(Route route)
    {
        private int _from;
        private int _direction = 1;
        private double _along;
        private double _standing;

        public double Speed { get; private set; }

        public double Travelled { get; private set; }

        public double Course => Leg(_from, _from + _direction).Course;

        public (double Latitude, double Longitude) Position
        {
            get
            {
                var (a, b) = (route.Waypoints[_from], route.Waypoints[_from + _direction]);
                var share = _along / Leg(_from, _from + _direction).Length;
                return (a.Latitude + share * (b.Latitude - a.Latitude), a.Longitude + share * (b.Longitude - a.Longitude));
            }
        }

        public void Move()
        {
            if (_standing > 0)
            {
                _standing -= Step;
                return;
            }

            Speed = Math.Min(Speed + Acceleration * Step, SpeedAllowed());
            var distance = Speed * Step;
            Travelled += distance;
            _along += distance;
            for (var length = Leg(_from, _from + _direction).Length;
                 _along >= length;
                 length = Leg(_from, _from + _direction).Length)
            {
                var stop = PassWaypoint();
                _along = stop ? 0 : _along - length;
            }
        }

        /// <summary>Goes on to the next leg; true when the vehicle stands still here.</summary>
        private bool PassWaypoint()
        {
            _from += _direction;
            var isEnd = _from == 0 || _from == route.Waypoints.Count - 1;
            if (isEnd)
            {
                _direction = -_direction;
            }

            _standing = route.Waypoints[_from].StopSeconds;
            if (!isEnd && _standing == 0)
            {
                return false;
            }

            Speed = 0;
            return true;
        }

        /// <summary>The speed from which the vehicle can still brake for whatever is ahead on the next legs.</summary>
        private double SpeedAllowed()
        {
            var allowed = route.CruisingSpeed;
            var ahead = -_along;
            for (var i = _from; i + _direction >= 0 && i + _direction < route.Waypoints.Count; i += _direction)
            {
                ahead += Leg(i, i + _direction).Length;
                var target = SpeedThrough(i + _direction);
                allowed = Math.Min(allowed, Math.Sqrt(target * target + 2 * Braking * Math.Max(0, ahead - 0.5)));
                if (target == 0)
                {
                    break;
                }
            }

            // Creep over the last metre: a stop is reached, not approached for ever.
            return Math.Max(allowed, 1);
        }

        private double SpeedThrough(int waypoint)
        {
            if (waypoint == 0 || waypoint == route.Waypoints.Count - 1 || route.Waypoints[waypoint].StopSeconds > 0)
            {
                return 0;
            }

            var turn = Math.Abs(Leg(waypoint - 1, waypoint).Course - Leg(waypoint, waypoint + 1).Course);
            return Math.Min(turn, 360 - turn) switch
            {
                > 60 => 4,
                > 25 => 8,
                _ => route.CruisingSpeed,
            };
        }

        private (double Length, double Course) Leg(int from, int to)
        {
            var (a, b) = (route.Waypoints[from], route.Waypoints[to]);
            var north = (b.Latitude - a.Latitude) * MetresPerDegree;
            var east = (b.Longitude - a.Longitude) * MetresPerLongitudeDegree(a.Latitude);
            return (Math.Sqrt(north * north + east * east), (double.RadiansToDegrees(Math.Atan2(east, north)) + 360) % 360);
        }
    }
}
