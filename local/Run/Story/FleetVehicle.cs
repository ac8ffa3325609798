using WebHost.Local.Run.Drives;

namespace WebHost.Local.Run.Story;

internal sealed record FleetVehicle(string Id, string Name, string Plate, Route Route);
