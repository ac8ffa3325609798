using System.Text.Json.Serialization;

namespace WebHost.Signup;

/// <summary>Where a fleet drives.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<FleetRegion>))]
public enum FleetRegion
{
    /// <summary>Canada, Mexico and the United States.</summary>
    [JsonStringEnumMemberName("north-america")]
    NorthAmerica,

    /// <summary>Europe.</summary>
    [JsonStringEnumMemberName("europe")]
    Europe,

    /// <summary>Asia, Australia and the Pacific.</summary>
    [JsonStringEnumMemberName("asia-pacific")]
    AsiaPacific,

    /// <summary>South America.</summary>
    [JsonStringEnumMemberName("south-america")]
    SouthAmerica,

    /// <summary>Africa.</summary>
    [JsonStringEnumMemberName("africa")]
    Africa,
}
