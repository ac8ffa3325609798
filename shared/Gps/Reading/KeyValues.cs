using System.Collections.Frozen;
using System.Text;
using Microsoft.AspNetCore.WebUtilities;

namespace WebHost.Gps.Reading;

/// <summary>The pairs of a query string or form, decoded, in their order, without credentials and empty values.</summary>
internal sealed class KeyValues
{
    // One request of this kind is one point.
    private const int MostPairs = 256;
    private const int UsualPairs = 12;

    // "code" is the Functions host's key; the notification token lets its holder push to the phone.
    private static readonly FrozenSet<string> Credentials = FrozenSet.Create(
        StringComparer.OrdinalIgnoreCase, "token", "access_token", "api_key", "apikey", "key", "code", "notificationToken");

    private readonly List<KeyValuePair<string, string>> _pairs = new(UsualPairs);

    public IReadOnlyList<KeyValuePair<string, string>> Pairs => _pairs;

    public bool IsEmpty => _pairs.Count == 0;

    public void AddFrom(string encoded)
    {
        if (encoded.Length == 0)
        {
            return;
        }

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

    public bool Has(string name) => FirstOf(name) >= 0;

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

    /// <summary>Whether any of the names is one of a set's.</summary>
    public bool HasAny(FrozenSet<string> names)
    {
        foreach (var (name, _) in _pairs)
        {
            if (names.Contains(name))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>The first value of a name, whatever the case of its letters.</summary>
    public string? this[string name] => FirstOf(name) is >= 0 and var at ? _pairs[at].Value : null;

    /// <summary>Where the first value of a name is, whatever the case of its letters; -1 when nowhere.</summary>
    public int FirstOf(string name)
    {
        for (var i = 0; i < _pairs.Count; i++)
        {
            if (_pairs[i].Key.Equals(name, StringComparison.OrdinalIgnoreCase))
            {
                return i;
            }
        }

        return -1;
    }

    /// <summary>Every value of a name from a place on.</summary>
    public IReadOnlyList<string> All(string name, int from)
    {
        var all = new List<string>(1);
        for (var i = from; i < _pairs.Count; i++)
        {
            if (_pairs[i].Key.Equals(name, StringComparison.OrdinalIgnoreCase))
            {
                all.Add(_pairs[i].Value);
            }
        }

        return all;
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
