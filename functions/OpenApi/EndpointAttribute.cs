namespace WebHost.OpenApi;

/// <summary>What the OpenAPI document says of an HTTP function beyond its route.</summary>
/// <param name="summary">What a call does.</param>
[AttributeUsage(AttributeTargets.Method)]
public sealed class EndpointAttribute(string summary) : Attribute
{
    /// <summary>What a call does.</summary>
    public string Summary { get; } = summary;

    /// <summary>The group it belongs to.</summary>
    public required string Tag { get; init; }

    /// <summary>Who may call: "operator", "operator or tenant", "device", "server", "webhook", "anybody".</summary>
    public required string Caller { get; init; }

    /// <summary>Type of the JSON body.</summary>
    public Type? Request { get; init; }

    /// <summary>Type of the JSON answer; no content when absent.</summary>
    public Type? Response { get; init; }

    /// <summary>Media type of the answer.</summary>
    public string MediaType { get; init; } = "application/json";

    /// <summary>Status of a successful answer.</summary>
    public int Status { get; init; } = 200;

    /// <summary>Query parameters, but for those that <see cref="QueryOneOfAttribute{T}"/> names.</summary>
    public string[] Query { get; init; } = [];

    /// <summary>Headers without which a call is refused.</summary>
    public string[] Headers { get; init; } = [];

    /// <summary>Whether the document leaves it out.</summary>
    public bool Hidden { get; init; }

    /// <summary>The methods that are shown where a function takes any.</summary>
    public string[] Methods { get; init; } = [];
}
