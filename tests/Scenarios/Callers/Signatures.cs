using System.Globalization;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text;

namespace WebHost.Scenarios.Callers;

/// <summary>Signs webhooks as their senders do.</summary>
internal static class Signatures
{
    /// <summary>A webhook of a sign-up page, signed as Standard Webhooks 1.0 says.</summary>
    /// <param name="secret">"whsec_" and the key in base64.</param>
    /// <param name="id">The same over retries.</param>
    /// <param name="at">Time of this attempt.</param>
    /// <param name="body">As it is sent.</param>
    public static HttpRequestMessage StandardWebhook(string secret, string id, DateTimeOffset at, string body)
    {
        var timestamp = at.ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture);
        var key = Convert.FromBase64String(secret["whsec_".Length..]);
        var signature = HMACSHA256.HashData(key, Encoding.UTF8.GetBytes($"{id}.{timestamp}.{body}"));
        return new HttpRequestMessage(HttpMethod.Post, "api/signups")
        {
            Headers =
            {
                { "webhook-id", id },
                { "webhook-timestamp", timestamp },
                { "webhook-signature", $"v1,{Convert.ToBase64String(signature)}" },
            },
            Content = Json(body),
        };
    }

    /// <summary>An event as Stripe signs it; the whole secret is the key.</summary>
    public static HttpRequestMessage Stripe(string secret, DateTimeOffset at, string body)
    {
        var timestamp = at.ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture);
        var signature = HMACSHA256.HashData(Encoding.UTF8.GetBytes(secret), Encoding.UTF8.GetBytes($"{timestamp}.{body}"));
        return new HttpRequestMessage(HttpMethod.Post, "api/signups/stripe")
        {
            Headers = { { "Stripe-Signature", $"t={timestamp},v1={Convert.ToHexStringLower(signature)}" } },
            Content = Json(body),
        };
    }

    private static StringContent Json(string body) => new(body, Encoding.UTF8, MediaTypeHeaderValue.Parse("application/json"));
}
