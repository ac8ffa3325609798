namespace WebHost.Local.Run.Drives;

/// <summary>A place on a route, and how long a vehicle stands there: a red light, a delivery.</summary>
internal readonly record struct Waypoint(double Latitude, double Longitude, int StopSeconds = 0);
