using System.Text;
using Microsoft.AspNetCore.Http;

namespace WebHost.Gps;

/// <summary>Where devices show their token: each app has its own way.</summary>
internal static class DeviceCredentials
{
    // Whoever adds one adds it to what the parsers drop (KeyValues) too: what is kept of a request holds no token.
    private static readonly string[] QueryNames = ["token", "api_key", "key"];

    private static readonly string[] HeaderNames = ["X-Device-Token", "X-Api-Key", "ApiToken"];

    /// <summary>Everything in the request that may be the token, likeliest first.</summary>
    public static IEnumerable<string> Of(HttpRequest request, string? pathToken)
    {
        if (!string.IsNullOrEmpty(pathToken))
        {
            yield return pathToken;
        }

        foreach (var credential in FromAuthorization(request.Headers.Authorization.ToString()))
        {
            yield return credential;
        }

        foreach (var name in QueryNames)
        {
            if (request.Query[name].ToString() is { Length: > 0 } value)
            {
                yield return value;
            }
        }

        foreach (var name in HeaderNames)
        {
            if (request.Headers[name].ToString() is { Length: > 0 } value)
            {
                yield return value;
            }
        }
    }

    private static IEnumerable<string> FromAuthorization(string header)
    {
        const string Bearer = "Bearer ";
        const string Basic = "Basic ";
        if (header.StartsWith(Bearer, StringComparison.OrdinalIgnoreCase))
        {
            return [header[Bearer.Length..].Trim()];
        }

        if (!header.StartsWith(Basic, StringComparison.OrdinalIgnoreCase))
        {
            return header.Length > 0 ? [header.Trim()] : [];
        }

        var encoded = header[Basic.Length..].Trim();
        var bytes = new byte[encoded.Length];
        if (!Convert.TryFromBase64String(encoded, bytes, out var length))
        {
            return [];
        }

        // The password is the token; some apps have a field for the user only.
        var pair = Encoding.UTF8.GetString(bytes, 0, length).Split(':', 2);
        return pair.Reverse().Where(part => part.Length > 0);
    }
}
