using System.Text.Json.Serialization;

namespace WebHost.Gps;

/// <summary>Why a point can never be accepted.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<QuarantineReason>))]
public enum QuarantineReason
{
    /// <summary>It is not in the form that its protocol prescribes.</summary>
    [JsonStringEnumMemberName("unreadable")]
    Unreadable,

    /// <summary>Its content is encrypted for somebody else.</summary>
    [JsonStringEnumMemberName("encrypted")]
    Encrypted,

    /// <summary>Latitude or longitude is missing.</summary>
    [JsonStringEnumMemberName("missing-position")]
    MissingPosition,

    /// <summary>Latitude or longitude is not a number.</summary>
    [JsonStringEnumMemberName("not-a-number")]
    NotANumber,

    /// <summary>Latitude or longitude is off the globe.</summary>
    [JsonStringEnumMemberName("out-of-range")]
    OutOfRange,

    /// <summary>Latitude and longitude are both zero: what receivers report when they know nothing.</summary>
    [JsonStringEnumMemberName("null-island")]
    NullIsland,

    /// <summary>It does not say when it was taken, and its protocol asks for that.</summary>
    [JsonStringEnumMemberName("missing-time")]
    MissingTime,

    /// <summary>Its time cannot be read.</summary>
    [JsonStringEnumMemberName("unreadable-time")]
    UnreadableTime,

    /// <summary>It claims to be older than the year 2000: a receiver without the time.</summary>
    [JsonStringEnumMemberName("before-2000")]
    Before2000,

    /// <summary>It claims to be from more than a day ahead.</summary>
    [JsonStringEnumMemberName("future")]
    Future,

    /// <summary>
    /// It comes from a tracker that is no device of the tenant's: more trackers post with the token than the plan allows, the
    /// tracker's device was deleted, or its name is too long for one. The message itself is good.
    /// </summary>
    [JsonStringEnumMemberName("unregistered-tracker")]
    UnregisteredTracker,
}
