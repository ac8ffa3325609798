using System.Text.Json.Serialization;

namespace WebHost.Signup;

/// <summary>Where data must stay.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<DataResidency>))]
public enum DataResidency
{
    /// <summary>In the European Union.</summary>
    [JsonStringEnumMemberName("eu")]
    Eu,

    /// <summary>In the United States.</summary>
    [JsonStringEnumMemberName("us")]
    Us,
}
