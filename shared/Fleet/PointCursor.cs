using System.Globalization;

namespace WebHost.Fleet;

/// <summary>
/// Where a page ended, among points ordered by fix time and device. The next page begins behind it: what arrives between two
/// pages moves no other point to another page.
/// </summary>
/// <param name="Time">Fix time of the last point.</param>
/// <param name="DeviceId">Its device.</param>
public sealed record PointCursor(DateTimeOffset Time, Guid DeviceId)
{
    private const char Separator = '_';

    /// <summary>Reads what <see cref="ToString"/> writes; null when it is anything else.</summary>
    public static PointCursor? Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        var parts = text.Split(Separator);
        return parts.Length == 2
            && DateTimeOffset.TryParse(parts[0], CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var time)
            && Guid.TryParse(parts[1], out var deviceId)
            ? new PointCursor(time.ToUniversalTime(), deviceId)
            : null;
    }

    /// <inheritdoc />
    public override string ToString()
    {
        var time = Time.UtcDateTime.ToString("yyyy-MM-ddTHH:mm:ss.ffffffZ", CultureInfo.InvariantCulture);
        return $"{time}{Separator}{DeviceId}";
    }
}
