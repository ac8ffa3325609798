namespace WebHost.Fleet;

/// <summary>A vehicle of a tenant's fleet.</summary>
/// <param name="VehicleId">The tenant's own id for it: letters, digits, '-', '_' and '.', at most 64.</param>
/// <param name="Name">What people call it.</param>
/// <param name="Plate">Its licence plate.</param>
/// <param name="Version">Grows with every change; the value of its ETag.</param>
/// <param name="UpdatedAt">When it last changed, UTC.</param>
public sealed record Vehicle(string VehicleId, string Name, string? Plate, long Version, DateTimeOffset UpdatedAt);
