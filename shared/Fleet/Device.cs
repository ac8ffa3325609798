using WebHost.Gps;
using WebHost.Plans;

namespace WebHost.Fleet;

/// <summary>A device of a tenant.</summary>
/// <param name="DeviceId">Our id.</param>
/// <param name="Name">What people call it.</param>
/// <param name="VehicleId">The vehicle it rides in; absent when in none.</param>
/// <param name="CreatedAt">When it was registered, UTC.</param>
/// <param name="GatewayId">The device with whose token it posts; absent when it has one of its own.</param>
/// <param name="Ident">What it calls itself behind that device.</param>
public sealed record Device(
    Guid DeviceId, string Name, string? VehicleId, DateTimeOffset CreatedAt, Guid? GatewayId = null, string? Ident = null);

/// <summary>A device that has just been registered.</summary>
/// <param name="DeviceId">Our id.</param>
/// <param name="Token">The token with which it posts. Only its hash is kept: it cannot be shown again.</param>
public sealed record NewDevice(Guid DeviceId, string Token);

/// <summary>A device that has shown its token.</summary>
/// <param name="DeviceId">Our id.</param>
/// <param name="TenantId">Whose it is.</param>
/// <param name="Plan">What the tenant pays for.</param>
/// <param name="SpeedUnit">In what unit it means speeds where its protocol does not say.</param>
/// <param name="Trackers">Whose messages come with its token.</param>
public sealed record KnownDevice(Guid DeviceId, Guid TenantId, PlanId Plan, SpeedUnit SpeedUnit, KnownTrackers Trackers);
