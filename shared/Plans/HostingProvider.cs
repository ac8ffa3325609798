using System.Text.Json.Serialization;

namespace WebHost.Plans;

/// <summary>Whose machines a plan runs on.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<HostingProvider>))]
public enum HostingProvider
{
    /// <summary>Hetzner dedicated servers, in the European Union only.</summary>
    [JsonStringEnumMemberName("hetzner")]
    Hetzner,

    /// <summary>Fly.io machines, world-wide.</summary>
    [JsonStringEnumMemberName("fly")]
    Fly,
}
