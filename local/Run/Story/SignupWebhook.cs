using System.Globalization;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text;

namespace WebHost.Local.Run.Story;

/// <summary>A sign-up page's webhook, signed as Standard Webhooks 1.0 says: HMAC-SHA256 over id, attempt time and body.</summary>
internal static class SignupWebhook
{
    private const string SecretPrefix = "whsec_";

    public static HttpRequestMessage Request(Uri address, string secret, string id, DateTimeOffset now, string body)
    {
        var timestamp = now.ToUnixTimeSeconds();
        return new(HttpMethod.Post, address)
        {
            Headers =
            {
                { "webhook-id", id },
                { "webhook-timestamp", timestamp.ToString(CultureInfo.InvariantCulture) },
                { "webhook-signature", Sign(secret, id, timestamp, body) },
            },
            Content = new StringContent(body, Encoding.UTF8, MediaTypeHeaderValue.Parse("application/json")),
        };
    }

    /// <param name="timestamp">Unix seconds of this attempt.</param>
    public static string Sign(string secret, string id, long timestamp, string body)
    {
        var key = Convert.FromBase64String(secret.StartsWith(SecretPrefix, StringComparison.Ordinal)
            ? secret[SecretPrefix.Length..]
            : secret);
        var signed = string.Create(CultureInfo.InvariantCulture, $"{id}.{timestamp}.{body}");
        return "v1," + Convert.ToBase64String(HMACSHA256.HashData(key, Encoding.UTF8.GetBytes(signed)));
    }
}
