using System.Collections.Frozen;
using System.Text;
using Microsoft.AspNetCore.WebUtilities;

namespace WebHost.Gps.Reading;

/// <summary>The pairs of a query string or form, decoded, in their order, without credentials and empty values.</summary>
internal sealed class KeyValues
{
    // One request of this kind is one point.
    private const int MostPairs = 256;

    // "code" is the Functions host's key; the notification token lets its holder push to the phone.
    private static readonly FrozenSet<string> Credentials = FrozenSet.Create(
        StringComparer.OrdinalIgnoreCase, "token", "access_token", "api_key", "apikey", "key", "code", "notificationToken");

    private readonly List<KeyValuePair<string, string>> _pairs = [];

    public IReadOnlyList<KeyValuePair<string, string>> Pairs => _pairs;

    public bool IsEmpty => _pairs.Count == 0;

    public void AddFrom(string encoded)
    {
        foreach (var pair in new QueryStringEnumerable(encoded))
        {
            if (_pairs.Count == MostPairs)
            {
                return;
            }

            var name = pair.DecodeName().Span.Trim();
            var value = pair.DecodeValue().Span.Trim();
            if (name.Length > 0 && value.Length > 0 && name.ToString() is var text && !Credentials.Contains(text))
            {
                _pairs.Add(new(StorableText.From(text), StorableText.From(value.ToString())));
            }
        }
    }

    public bool Has(string name) => this[name] is not null;

    public bool HasAny(params ReadOnlySpan<string> names)
    {
        foreach (var name in names)
        {
            if (Has(name))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>The first value of a name, whatever the case of its letters.</summary>
    public string? this[string name]
    {
        get
        {
            foreach (var pair in _pairs)
            {
                if (pair.Key.Equals(name, StringComparison.OrdinalIgnoreCase))
                {
                    return pair.Value;
                }
            }

            return null;
        }
    }

    /// <summary>The pairs as text for the quarantine, from which they can be read again.</summary>
    public byte[] ToRaw() =>
        Encoding.UTF8.GetBytes(string.Join('&', _pairs.Select(pair => $"{Escape(pair.Key)}={Escape(pair.Value)}")));

    // Only what would read as something else; people read it too.
    private static string Escape(string text) => text
        .Replace("%", "%25", StringComparison.Ordinal)
        .Replace("&", "%26", StringComparison.Ordinal)
        .Replace("=", "%3D", StringComparison.Ordinal)
        .Replace("+", "%2B", StringComparison.Ordinal);
}
