using System.Globalization;

namespace WebHost.Gps.Reading;

/// <summary>Reads times as devices write them; what has no zone is UTC.</summary>
internal static class GpsTime
{
    private const double LastUnixSecond = 253_402_300_799;

    // As seconds this is the year 5138, as milliseconds 1973: between them nobody has a fix.
    private const double LeastMilliseconds = 1e11;

    /// <summary>Reads seconds or milliseconds since 1970, with a fraction or without.</summary>
    public static DateTimeOffset? FromEpoch(double value)
    {
        var seconds = Math.Abs(value) >= LeastMilliseconds ? value / 1000 : value;
        return Math.Abs(seconds) <= LastUnixSecond / 10
            ? DateTimeOffset.UnixEpoch.AddTicks((long)Math.Round(seconds * 1e6) * TimeSpan.TicksPerMicrosecond)
            : null;
    }

    /// <summary>
    /// Reads digits as <see cref="FromEpoch"/> does, and ISO 8601 with T or a space, any number of decimals, and Z, +02:00,
    /// +0200 or no zone.
    /// </summary>
    public static DateTimeOffset? Parse(ReadOnlySpan<char> text)
    {
        text = text.Trim();
        if (double.TryParse(
            text, NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var epoch))
        {
            return FromEpoch(epoch);
        }

        const int secondsEnd = 19;
        const int ticksDigits = 7;
        if (text.Length < secondsEnd
            || text[10] is not ('T' or 't' or ' ')
            || !DateTime.TryParseExact(
                text[..10], "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out var date)
            || !TimeSpan.TryParseExact(text[11..secondsEnd], @"hh\:mm\:ss", CultureInfo.InvariantCulture, out var clock))
        {
            return null;
        }

        var ticks = date.Ticks + clock.Ticks;
        var rest = text[secondsEnd..];
        if (rest.Length > 1 && rest[0] is '.' or ',')
        {
            var digits = 1;
            for (; digits < rest.Length && char.IsAsciiDigit(rest[digits]); digits++)
            {
                if (digits <= ticksDigits)
                {
                    ticks += (rest[digits] - '0') * (long)Math.Pow(10, ticksDigits - digits);
                }
            }

            if (digits == 1)
            {
                return null;
            }

            rest = rest[digits..];
        }

        return TryParseZone(rest.TrimStart(), out var offset)
            && ticks - offset.Ticks is >= 0 and var utc && utc <= DateTime.MaxValue.Ticks
                ? new DateTimeOffset(utc, TimeSpan.Zero)
                : null;
    }

    private static bool TryParseZone(ReadOnlySpan<char> zone, out TimeSpan offset)
    {
        offset = default;
        if (zone.IsEmpty || zone is "Z" or "z")
        {
            return true;
        }

        if (zone[0] is not ('+' or '-'))
        {
            return false;
        }

        var digits = zone[1..];
        if (!TimeSpan.TryParseExact(digits, @"hh\:mm", CultureInfo.InvariantCulture, out offset)
            && !TimeSpan.TryParseExact(digits, "hhmm", CultureInfo.InvariantCulture, out offset)
            && !TimeSpan.TryParseExact(digits, "hh", CultureInfo.InvariantCulture, out offset))
        {
            return false;
        }

        offset = zone[0] == '-' ? -offset : offset;
        return true;
    }
}
