using System.Text.Json.Serialization;

namespace WebHost.Signup;

/// <summary>What a customer must be able to show an auditor.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<ComplianceStandard>))]
public enum ComplianceStandard
{
    /// <summary>The European Union's General Data Protection Regulation.</summary>
    [JsonStringEnumMemberName("gdpr")]
    Gdpr,

    /// <summary>SOC 2 of the American Institute of Certified Public Accountants.</summary>
    [JsonStringEnumMemberName("soc2")]
    Soc2,

    /// <summary>The United States' Health Insurance Portability and Accountability Act.</summary>
    [JsonStringEnumMemberName("hipaa")]
    Hipaa,

    /// <summary>ISO/IEC 27001.</summary>
    [JsonStringEnumMemberName("iso27001")]
    Iso27001,
}
