namespace WebHost.Local.Run.Story;

/// <summary>The 201 to a new device; the token is shown this once.</summary>
internal sealed record CreatedDevice(string DeviceId, string Token);
