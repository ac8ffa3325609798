using System.Globalization;

namespace WebHost.Gps.Reading;

/// <summary>
/// Reads the one message of a query string or form. The apps agree on what the names mean and differ only in the unit of
/// <c>speed</c>; what no name is known for becomes an extra.
/// </summary>
internal static class KeyValueMessage
{
    private const double MpsPerKnot = 1852.0 / 3600;
    private const double MpsPerKmh = 1 / 3.6;

    public static void File(KeyValues values, SpeedUnit speedUnit, PointSink sink, bool zeroMeansUnknown = false)
    {
        using var fix = new RawFix();
        var isInvalid = false;
        for (var i = 0; i < values.Pairs.Count; i++)
        {
            var (name, value) = values.Pairs[i];
            if (values.FirstOf(name) < i)
            {
                // Of several with one name the first holds; an extra has them all.
                continue;
            }

            switch (name.ToLowerInvariant())
            {
                case "id" or "deviceid" or "device_id":
                    fix.DeviceHint = value;
                    break;
                case "lat" or "latitude":
                    fix.Latitude = Number(value);
                    break;
                case "lon" or "lng" or "longitude":
                    fix.Longitude = Number(value);
                    break;
                case "location":
                    var comma = value.IndexOf(',', StringComparison.Ordinal);
                    fix.Latitude = comma < 0 ? double.NaN : Number(value[..comma]);
                    fix.Longitude = comma < 0 ? double.NaN : Number(value[(comma + 1)..]);
                    break;
                case "altitude" or "alt":
                    fix.AltitudeM = Number(value);
                    break;
                case "speed":
                    fix.SpeedMps = Number(value) * Factor(speedUnit);
                    break;
                case "spd":
                    fix.SpeedMps = Number(value);
                    break;
                case "spd_kph":
                    fix.SpeedMps ??= Number(value) * MpsPerKmh;
                    break;
                case "bearing" or "heading" or "dir" or "course":
                    fix.CourseDegrees = Number(value);
                    break;
                case "accuracy" or "acc":
                    fix.AccuracyM = Known(Number(value), zeroMeansUnknown);
                    break;
                case "batt" or "bat" or "battery":
                    fix.BatteryPercent = Known(Number(value), zeroMeansUnknown);
                    break;
                case "timestamp" or "epoch":
                    fix.SetTime(GpsTime.Parse(value));
                    break;
                case "time" or "timeoff" or "timeoffset":
                    if (!values.HasAny("timestamp", "epoch"))
                    {
                        fix.SetTime(GpsTime.Parse(value));
                    }

                    break;
                case "valid":
                    isInvalid = value is "false" or "0";
                    break;
                default:
                    fix.Extras.Add(name, values.All(name, from: i));
                    break;
            }
        }

        var isEmpty = values.IsEmpty;
        if (!fix.HasUnreadableTime)
        {
            // These protocols mean now when they do not say when.
            fix.Time ??= fix.HasAny || isEmpty || values.HasAny("cell", "wifi") ? sink.ReceivedAt : null;
        }

        // The pairs become text only for the quarantine: nearly all messages are good.
        if ((isInvalid ? sink.TryFileHeartbeat(fix) : sink.TryFile(fix)) is { } reason)
        {
            sink.Quarantine(reason, values.ToRaw(), fix.DeviceHint);
        }
    }

    private static double Number(string value) =>
        double.TryParse(value, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) ? number : double.NaN;

    private static double? Known(double value, bool zeroMeansUnknown) => zeroMeansUnknown && value == 0 ? null : value;

    private static double Factor(SpeedUnit unit) => unit switch
    {
        SpeedUnit.Knots => MpsPerKnot,
        SpeedUnit.MetresPerSecond => 1,
        SpeedUnit.KilometresPerHour => MpsPerKmh,
        _ => throw new ArgumentOutOfRangeException(nameof(unit), unit, "Not a unit of speed."),
    };
}
