using WebHost.Local.Run.Devices;
using WebHost.Local.Run.Drives;

namespace WebHost.Local.Run.Story;

/// <summary>A fleet that has signed up: its tenant, its key, and its devices with what they drove.</summary>
internal sealed record RegisteredFleet(FleetPlan Plan, Tenant Tenant, string Key, IReadOnlyList<DrivenDevice> Devices)
{
    public int Points => Devices.Sum(device => device.Drive.Count);
}

internal sealed record DrivenDevice(string Id, string Name, Device Device, IReadOnlyList<Fix> Drive);
