using System.Text.Json.Nodes;

namespace WebHost.Local.Providers.Http;

/// <summary>A vendor says no. Its own form of saying so is <see cref="Vendor.WriteAsync"/>.</summary>
internal sealed class Refusal(int status, string code, string message) : Exception(message)
{
    public int Status { get; } = status;

    public string Code { get; } = code;

    /// <summary>Further fields of the vendor's error.</summary>
    public JsonObject Fields { get; init; } = [];

    public int? RetryAfterSeconds { get; init; }
}
