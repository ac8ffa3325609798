using System.Collections.Immutable;
using System.Globalization;
using System.Net.Mail;
using System.Text.Json;
using WebHost.Json;

namespace WebHost.Signup;

/// <summary>
/// Reads the members of one JSON object. A member that is missing or wrong becomes a fault with its path, and the reading
/// goes on, so that the sender learns of everything at once.
/// </summary>
internal sealed class PayloadObject
{
    private const int MaximumTextLength = 200;
    private const int MaximumEmailLength = 254;

    private readonly Dictionary<string, JsonElement> _members = new(StringComparer.Ordinal);
    private readonly string _path;
    private readonly FaultList _faults;
    private readonly bool _textual;

    /// <param name="json">The object.</param>
    /// <param name="path">Where it is in the body, empty for the body itself.</param>
    /// <param name="faults">Takes what is wrong.</param>
    /// <param name="textual">Numbers come as text and lists as text with commas, as in Stripe's metadata.</param>
    public PayloadObject(JsonElement json, string path, FaultList faults, bool textual = false)
    {
        _path = path;
        _faults = faults;
        _textual = textual;
        foreach (var member in json.EnumerateObject())
        {
            if (!_members.TryAdd(member.Name, member.Value))
            {
                Fault(member.Name, "is there more than once. Send it once.");
            }
        }
    }

    /// <summary>Whether a member is there and not null.</summary>
    public bool Has(string name) => _members.TryGetValue(name, out var value) && value.ValueKind != JsonValueKind.Null;

    public void Fault(string name, string text) => _faults.Add(PathOf(name), $"{name} {text}");

    public PayloadObject? Object(string name, bool textual = false)
    {
        if (!Required(name, "an object", out var value))
        {
            return null;
        }

        if (value.ValueKind == JsonValueKind.Object)
        {
            return new PayloadObject(value, PathOf(name), _faults, textual);
        }

        Fault(name, $"must be an object, but is {Describe(value)}.");
        return null;
    }

    public string? Text(string name)
    {
        if (!Required(name, "a text", out var value))
        {
            return null;
        }

        if (value.ValueKind != JsonValueKind.String)
        {
            Fault(name, $"must be a text, but is {Describe(value)}.");
            return null;
        }

        var text = value.GetString()!.Trim();
        if (text.Length is > 0 and <= MaximumTextLength && !text.Any(char.IsControl))
        {
            return text;
        }

        Fault(name, $"must have 1 to {MaximumTextLength} characters and no control characters.");
        return null;
    }

    public string? Email(string name)
    {
        var text = Text(name);
        if (text is null
            || (text.Length <= MaximumEmailLength && MailAddress.TryCreate(text, out var address) && address.Address == text))
        {
            return text;
        }

        Fault(name, "must be a mail address such as fleet@example.com.");
        return null;
    }

    public void CheckTime(string name)
    {
        if (Required(name, "a time", out var value)
            && (value.ValueKind != JsonValueKind.String || !value.TryGetDateTimeOffset(out _)))
        {
            Fault(name, $"must be a time such as \"2026-01-31T12:00:00Z\", but is {Describe(value)}.");
        }
    }

    public int? Integer(string name, int minimum, int maximum)
    {
        var expected = string.Create(CultureInfo.InvariantCulture, $"a whole number from {minimum:N0} to {maximum:N0}");
        if (!Required(name, expected, out var value))
        {
            return null;
        }

        if (TryGetNumber(value, out var number) && number == decimal.Truncate(number)
            && number >= minimum && number <= maximum)
        {
            return (int)number;
        }

        Fault(name, $"must be {expected}, but is {Describe(value)}.");
        return null;
    }

    public decimal? Number(string name, decimal minimum, decimal maximum)
    {
        var expected = string.Create(CultureInfo.InvariantCulture, $"a number from {minimum:N0} to {maximum:N0}");
        if (!Required(name, expected, out var value))
        {
            return null;
        }

        if (TryGetNumber(value, out var number) && number >= minimum && number <= maximum)
        {
            return number;
        }

        Fault(name, $"must be {expected}, but is {Describe(value)}.");
        return null;
    }

    public T? OneOf<T>(string name)
        where T : struct, Enum
    {
        if (!Required(name, $"one of {Allowed<T>()}", out var value))
        {
            return null;
        }

        if (value.ValueKind == JsonValueKind.String)
        {
            return Parse<T>(name, value.GetString()!);
        }

        Fault(name, $"must be one of {Allowed<T>()}, but is {Describe(value)}.");
        return null;
    }

    /// <summary>A list of names without repetitions, in the order given.</summary>
    public ImmutableArray<T>? ManyOf<T>(string name, bool atLeastOne)
        where T : struct, Enum
    {
        var expected = $"a list of {Allowed<T>()}";
        if (!Required(name, expected, out var value))
        {
            return null;
        }

        ImmutableArray<T?> items;
        if (value.ValueKind == JsonValueKind.Array)
        {
            items = [.. value.EnumerateArray().Select((item, index) => Item<T>(name, item, index))];
        }
        else if (_textual && value.ValueKind == JsonValueKind.String)
        {
            items =
            [
                .. value.GetString()!
                    .Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)
                    .Select(item => Parse<T>(name, item)),
            ];
        }
        else
        {
            Fault(name, $"must be {expected}, but is {Describe(value)}.");
            return null;
        }

        if (atLeastOne && items.IsEmpty)
        {
            Fault(name, $"is empty. Name at least one of {Allowed<T>()}.");
            return null;
        }

        return items.All(item => item.HasValue) ? [.. items.Select(item => item!.Value).Distinct()] : null;
    }

    private T? Item<T>(string name, JsonElement item, int index)
        where T : struct, Enum
    {
        var label = $"{name}[{index}]";
        if (item.ValueKind == JsonValueKind.String)
        {
            return Parse<T>(label, item.GetString()!);
        }

        Fault(label, $"must be one of {Allowed<T>()}, but is {Describe(item)}.");
        return null;
    }

    private T? Parse<T>(string name, string text)
        where T : struct, Enum
    {
        if (WireName.TryParse<T>(text, out var value))
        {
            return value;
        }

        Fault(name, $"must be one of {Allowed<T>()}, but is \"{Shorten(text)}\".");
        return null;
    }

    private bool Required(string name, string expected, out JsonElement value)
    {
        if (!_members.TryGetValue(name, out value))
        {
            Fault(name, $"is missing. Send {expected}.");
            return false;
        }

        if (value.ValueKind == JsonValueKind.Null)
        {
            Fault(name, $"is null. Send {expected}.");
            return false;
        }

        return true;
    }

    private bool TryGetNumber(JsonElement value, out decimal number)
    {
        number = 0;
        return value.ValueKind switch
        {
            JsonValueKind.Number => value.TryGetDecimal(out number),
            JsonValueKind.String when _textual => decimal.TryParse(
                value.GetString(),
                NumberStyles.AllowDecimalPoint | NumberStyles.AllowLeadingSign,
                CultureInfo.InvariantCulture,
                out number),
            _ => false,
        };
    }

    private string PathOf(string name) => _path.Length == 0 ? name : $"{_path}.{name}";

    private static string Allowed<T>()
        where T : struct, Enum => string.Join(", ", WireName.All<T>());

    private static string Describe(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Object => "an object",
        JsonValueKind.Array => "a list",
        JsonValueKind.String => $"the text \"{Shorten(value.GetString()!)}\"",
        _ => Shorten(value.GetRawText()),
    };

    private static string Shorten(string text) => text.Length <= 40 ? text : text[..40] + "…";
}
