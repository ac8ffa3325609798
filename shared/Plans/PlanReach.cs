using System.Text.Json.Serialization;

namespace WebHost.Plans;

/// <summary>How far a plan's infrastructure spreads.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<PlanReach>))]
public enum PlanReach
{
    /// <summary>One region.</summary>
    [JsonStringEnumMemberName("regional")]
    Regional,

    /// <summary>One home region, entered through the provider's nearest edge.</summary>
    [JsonStringEnumMemberName("global")]
    Global,

    /// <summary>Machines in each region where the fleet is.</summary>
    [JsonStringEnumMemberName("multi-region")]
    MultiRegion,
}
