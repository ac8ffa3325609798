using System.Text.Json.Serialization;

namespace WebHost.Local.Providers.Faults;

/// <summary>What goes wrong.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<FaultKind>))]
internal enum FaultKind
{
    /// <summary>The vendor refuses with a status, 500 unless said otherwise. Nothing is done.</summary>
    [JsonStringEnumMemberName("error")]
    Error,

    /// <summary>The vendor never answers. Nothing is done.</summary>
    [JsonStringEnumMemberName("timeout")]
    Timeout,

    /// <summary>The vendor refuses because of too many calls. Nothing is done.</summary>
    [JsonStringEnumMemberName("rate-limit")]
    RateLimit,

    /// <summary>The vendor has no room. Nothing is done.</summary>
    [JsonStringEnumMemberName("capacity")]
    Capacity,

    /// <summary>The work is done and the connection dropped instead of an answer.</summary>
    [JsonStringEnumMemberName("lost-response")]
    LostResponse,

    /// <summary>The vendor takes its time, a second unless said otherwise, and then answers as ever.</summary>
    [JsonStringEnumMemberName("slow")]
    Slow,
}
