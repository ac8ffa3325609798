using System.Collections.Concurrent;

namespace WebHost.Fleet;

/// <summary>Whose messages come with a device's token, by the name that each gives itself, as far as that is known.</summary>
public sealed class KnownTrackers
{
    private readonly Guid _self;
    private readonly ConcurrentDictionary<string, Guid?> _devices = new(StringComparer.Ordinal);

    /// <summary>The trackers that are known.</summary>
    /// <param name="self">The device whose token it is.</param>
    /// <param name="ident">What that device calls itself; null while it has not said.</param>
    /// <param name="others">The others; of those whose messages are not taken, no device.</param>
    public KnownTrackers(Guid self, string? ident, IEnumerable<(string Ident, Guid? DeviceId)> others)
    {
        ArgumentNullException.ThrowIfNull(others);
        _self = self;
        foreach (var (name, deviceId) in others)
        {
            _devices[name] = deviceId;
        }

        if (ident is not null)
        {
            _devices[ident] = self;
        }
    }

    /// <summary>The trackers that have a device of their own, by name.</summary>
    public IEnumerable<(string Ident, Guid DeviceId)> Others =>
        from pair in _devices
        where pair.Value is { } deviceId && deviceId != _self
        select (pair.Key, pair.Value!.Value);

    /// <summary>Whether it is known where the messages of a tracker belong. Those without a name are the token's device's.</summary>
    public bool Knows(string? ident) => string.IsNullOrEmpty(ident) || _devices.ContainsKey(ident);

    /// <summary>Whether the tracker is known to have no device.</summary>
    public bool Refuses(string ident) => _devices.TryGetValue(ident, out var device) && device is null;

    /// <summary>The device to which a tracker's messages belong: the token's when it has none.</summary>
    public Guid DeviceOf(string? ident) =>
        !string.IsNullOrEmpty(ident) && _devices.TryGetValue(ident, out var device) && device is { } found ? found : _self;

    internal void Learn(string ident, Guid? deviceId) => _devices[ident] = deviceId;
}
