using System.Text.Json.Serialization;

namespace WebHost.Plans;

/// <summary>Whether a customer shares infrastructure with others.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<HostingMode>))]
public enum HostingMode
{
    /// <summary>Many customers on one server, kept apart by row-level security.</summary>
    [JsonStringEnumMemberName("multi-tenant")]
    MultiTenant,

    /// <summary>Own application, database and network.</summary>
    [JsonStringEnumMemberName("single-tenant")]
    SingleTenant,
}
