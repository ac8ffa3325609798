using System.Text.Json.Serialization;

namespace WebHost.Gps;

/// <summary>The unit of speeds in a query string; a setting of the device, since the query does not say.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<SpeedUnit>))]
public enum SpeedUnit
{
    /// <summary>Nautical miles an hour: what the OsmAnd protocol means by default.</summary>
    [JsonStringEnumMemberName("knots")]
    Knots,

    /// <summary>Metres a second: what the OsmAnd app itself sends.</summary>
    [JsonStringEnumMemberName("m/s")]
    MetresPerSecond,

    /// <summary>Kilometres an hour.</summary>
    [JsonStringEnumMemberName("km/h")]
    KilometresPerHour,
}
