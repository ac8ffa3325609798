using System.Text.Json.Serialization;

namespace WebHost.Gps;

/// <summary>How a request's points were written.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<GpsProtocol>))]
public enum GpsProtocol
{
    /// <summary>The OsmAnd app and the many trackers that speak its query string.</summary>
    [JsonStringEnumMemberName("osmand")]
    OsmAnd,

    /// <summary>Traccar Client up to version 8: POST with a query string.</summary>
    [JsonStringEnumMemberName("traccar-client-8")]
    TraccarClient8,

    /// <summary>Traccar Client 9 and other apps on its location library: JSON.</summary>
    [JsonStringEnumMemberName("traccar-client-9")]
    TraccarClient9,

    /// <summary>Traccar Client 10: POST with a form.</summary>
    [JsonStringEnumMemberName("traccar-client-10")]
    TraccarClient10,

    /// <summary>OwnTracks in HTTP mode.</summary>
    [JsonStringEnumMemberName("owntracks")]
    OwnTracks,

    /// <summary>Overland for iOS and Android.</summary>
    [JsonStringEnumMemberName("overland")]
    Overland,

    /// <summary>GPSLogger's custom URL.</summary>
    [JsonStringEnumMemberName("gpslogger")]
    GpsLogger,

    /// <summary>PhoneTrack's log calls.</summary>
    [JsonStringEnumMemberName("phonetrack")]
    PhoneTrack,

    /// <summary>A flespi stream of hardware trackers.</summary>
    [JsonStringEnumMemberName("flespi")]
    Flespi,

    /// <summary>Our own JSON: a point, an array of them, or an object with <c>points</c>.</summary>
    [JsonStringEnumMemberName("json")]
    Json,

    /// <summary>Our own points, one a line.</summary>
    [JsonStringEnumMemberName("ndjson")]
    NdJson,

    /// <summary>GeoJSON features of points.</summary>
    [JsonStringEnumMemberName("geojson")]
    GeoJson,
}
