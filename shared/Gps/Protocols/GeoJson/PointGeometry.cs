using System.Text.Json;
using WebHost.Gps.Reading;

namespace WebHost.Gps.Protocols.GeoJson;

/// <summary>
/// The position in a GeoJSON geometry: nothing when there is no geometry, NaN when there is one that is no Point.
/// </summary>
internal readonly record struct PointGeometry(double? Latitude, double? Longitude, double? AltitudeM)
{
    private static readonly PointGeometry Unreadable = new(double.NaN, double.NaN, null);

    /// <summary>Reads the value on which the reader stands, and leaves it on the value's last token.</summary>
    public static PointGeometry Read(ref Utf8JsonReader reader)
    {
        if (reader.TokenType == JsonTokenType.Null)
        {
            return default;
        }

        if (reader.TokenType != JsonTokenType.StartObject)
        {
            reader.Skip();
            return Unreadable;
        }

        var isPoint = false;
        var position = Unreadable;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var name = JsonTokens.Text(ref reader);
            reader.Read();
            switch (name)
            {
                case "type" when reader.TokenType == JsonTokenType.String:
                    isPoint = reader.ValueTextEquals("Point"u8);
                    break;
                case "coordinates" when reader.TokenType == JsonTokenType.StartArray:
                    position = ReadCoordinates(ref reader);
                    break;
                default:
                    reader.Skip();
                    break;
            }
        }

        return isPoint ? position : Unreadable;
    }

    private static PointGeometry ReadCoordinates(ref Utf8JsonReader reader)
    {
        var position = Unreadable;
        for (var index = 0; reader.Read() && reader.TokenType != JsonTokenType.EndArray; index++)
        {
            var number = JsonTokens.Number(ref reader) ?? double.NaN;
            position = index switch
            {
                0 => position with { Longitude = number },
                1 => position with { Latitude = number },
                2 => position with { AltitudeM = number },
                _ => position,
            };
        }

        return position;
    }
}
