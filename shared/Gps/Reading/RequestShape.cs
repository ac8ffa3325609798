using System.Text;
using System.Text.Json;

namespace WebHost.Gps.Reading;

/// <summary>
/// What a request looks like from outside, found out once: a device changes its protocol with an update, and content types
/// are often wrong or missing, so only the content tells.
/// </summary>
internal sealed class RequestShape
{
    private const int MostMembers = 512;
    private const int LargestForm = 64 * 1024;

    private readonly HashSet<string> _members = new(StringComparer.Ordinal);

    public RequestShape(GpsRequest request)
    {
        Request = request;
        Parameters.AddFrom(request.QueryString);
        Body = TrimMark(request.Body);
        var start = Body.Span.IndexOfAnyExcept(" \t\r\n"u8);
        if (start >= 0 && Body.Span[start] is (byte)'{' or (byte)'[')
        {
            IsJson = true;
            Look(Body.Span);
        }
        else if (Body.Length is > 0 and <= LargestForm)
        {
            Parameters.AddFrom(Encoding.UTF8.GetString(Body.Span));
        }
    }

    public GpsRequest Request { get; }

    public ReadOnlyMemory<byte> Body { get; }

    /// <summary>The pairs of the query string and, when the body is not JSON, of the body.</summary>
    public KeyValues Parameters { get; } = new();

    public bool IsPost => Request.Method.Equals("POST", StringComparison.OrdinalIgnoreCase);

    /// <summary>The body begins like a JSON object or array; it need not be one.</summary>
    public bool IsJson { get; }

    public bool IsJsonArray { get; private set; }

    /// <summary>Several JSON objects follow each other.</summary>
    public bool IsJsonSequence { get; private set; }

    /// <summary>The member <c>points</c> is an array of arrays.</summary>
    public bool HasPointsAsArrays { get; private set; }

    /// <summary>The member <c>type</c>, if it is text.</summary>
    public string? JsonType { get; private set; }

    /// <summary>Whether the JSON object, or the first object of the array, has a member.</summary>
    public bool HasMember(string name) => _members.Contains(name);

    // Some senders begin with a byte order mark, which JSON does not allow.
    private static ReadOnlyMemory<byte> TrimMark(ReadOnlyMemory<byte> body) =>
        body.Span.StartsWith("\ufeff"u8) ? body[3..] : body;

    private void Look(ReadOnlySpan<byte> json)
    {
        var reader = JsonTokens.Open(json);
        try
        {
            reader.Read();
            IsJsonArray = reader.TokenType == JsonTokenType.StartArray;
            if (IsJsonArray && (!reader.Read() || reader.TokenType != JsonTokenType.StartObject))
            {
                return;
            }

            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName && _members.Count < MostMembers)
            {
                var name = JsonTokens.Text(ref reader);
                _members.Add(name);
                reader.Read();
                switch (name)
                {
                    case "points":
                        HasPointsAsArrays = reader.TokenType == JsonTokenType.StartArray && reader.Read()
                            && reader.TokenType == JsonTokenType.StartArray;
                        return;
                    case "locations" or "features":
                        // What tells the protocol is known; the rest may be megabytes.
                        return;
                    case "type" when reader.TokenType == JsonTokenType.String:
                        JsonType = JsonTokens.Text(ref reader);
                        break;
                    default:
                        reader.Skip();
                        break;
                }
            }

            if (!IsJsonArray)
            {
                var rest = json[(int)reader.BytesConsumed..].TrimStart(" \t\r\n"u8);
                IsJsonSequence = rest.Length > 0 && rest[0] == (byte)'{';
            }
        }
        catch (JsonException)
        {
            // The protocol's parser will meet the same fault and knows what to make of it.
        }
    }
}
