using System.Text.Json.Serialization;

namespace WebHost.Plans;

/// <summary>What a customer can buy, from the smallest to the largest.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<PlanId>))]
public enum PlanId
{
    /// <summary>A place on a shared server.</summary>
    [JsonStringEnumMemberName("hobby")]
    Hobby,

    /// <summary>Own infrastructure in one region.</summary>
    [JsonStringEnumMemberName("starter")]
    Starter,

    /// <summary>Own infrastructure, reached through the provider's global network.</summary>
    [JsonStringEnumMemberName("professional")]
    Professional,

    /// <summary>Own infrastructure in every region of the fleet.</summary>
    [JsonStringEnumMemberName("business")]
    Business,
}
