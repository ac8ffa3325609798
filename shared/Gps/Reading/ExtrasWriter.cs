using System.Buffers;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace WebHost.Gps.Reading;

/// <summary>
/// Gathers what a message says beyond a point's fields, as a JSON object that jsonb takes: names once, no zero characters, no
/// numbers beyond a double, at most 16 KiB. What would not fit is left out.
/// </summary>
internal sealed class ExtrasWriter : IDisposable
{
    private const int MaximumBytes = 16 * 1024;
    private const int LongestNumber = 32;
    private const int MostNamesKept = 256;

    private static readonly SearchValues<char> DigitsAndPoint = SearchValues.Create("0123456789.");
    private static readonly JsonWriterOptions Options = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    // Parsers do not wait, so that the writer of a thread's last request serves its next.
    [ThreadStatic]
    private static ExtrasWriter? _spare;

    private readonly HashSet<string> _names = new(StringComparer.Ordinal);

    // Many messages have no extras: these come with the first.
    private ArrayBufferWriter<byte> _buffer = null!;
    private Utf8JsonWriter? _begun;

    private ExtrasWriter()
    {
    }

    private Utf8JsonWriter Writer => _begun ??= new Utf8JsonWriter(_buffer = new ArrayBufferWriter<byte>(), Options);

    /// <summary>An empty writer, until it is disposed.</summary>
    public static ExtrasWriter Rent()
    {
        var rented = _spare ?? new ExtrasWriter();
        _spare = null;
        return rented;
    }

    /// <summary>Copies the value that a reader stands on, and leaves the reader on its last token.</summary>
    public void Copy(string name, ref Utf8JsonReader reader)
    {
        var end = reader;
        end.Skip();
        if (TryBegin(name, end.BytesConsumed - reader.TokenStartIndex))
        {
            CopyValue(ref reader);
        }
        else
        {
            reader = end;
        }
    }

    /// <summary>Adds values of a query string: as numbers or booleans if they are written so, several as an array.</summary>
    public void Add(string name, IReadOnlyList<string> values)
    {
        if (!TryBegin(name, values.Sum(value => value.Length + 3L)))
        {
            return;
        }

        if (values.Count > 1)
        {
            Writer.WriteStartArray();
        }

        foreach (var value in values)
        {
            AddValue(StorableText.From(value));
        }

        if (values.Count > 1)
        {
            Writer.WriteEndArray();
        }
    }

    /// <summary>The object, nothing when it is empty.</summary>
    public string? ToJson()
    {
        if (_names.Count == 0)
        {
            return null;
        }

        Writer.WriteEndObject();
        Writer.Flush();
        return Encoding.UTF8.GetString(_buffer.WrittenSpan);
    }

    public void Reset()
    {
        _names.Clear();
        if (_begun is not null)
        {
            _buffer.ResetWrittenCount();
            _begun.Reset();
        }
    }

    public void Dispose()
    {
        if (_names.Capacity <= MostNamesKept)
        {
            Reset();
            _spare = this;
        }
    }

    private bool TryBegin(string name, long length)
    {
        if (Writer.BytesCommitted + Writer.BytesPending + name.Length + length > MaximumBytes || !_names.Add(name))
        {
            return false;
        }

        if (_names.Count == 1)
        {
            Writer.WriteStartObject();
        }

        Writer.WritePropertyName(name);
        return true;
    }

    private void AddValue(string value)
    {
        switch (value)
        {
            case "true":
                Writer.WriteBooleanValue(true);
                break;
            case "false":
                Writer.WriteBooleanValue(false);
                break;
            case { Length: <= 15 } when IsPlainNumber(value):
                Writer.WriteRawValue(value, skipInputValidation: true);
                break;
            default:
                Writer.WriteStringValue(value);
                break;
        }
    }

    // Leading zeros and plus signs belong to names, not to numbers.
    private static bool IsPlainNumber(string value)
    {
        var digits = value.StartsWith('-') ? value.AsSpan(1) : value;
        return digits.Length > 0 && char.IsAsciiDigit(digits[0]) && char.IsAsciiDigit(digits[^1])
            && (digits[0] != '0' || digits.Length == 1 || digits[1] == '.')
            && digits.IndexOfAnyExcept(DigitsAndPoint) < 0
            && digits.Count('.') <= 1;
    }

    private void CopyValue(ref Utf8JsonReader reader)
    {
        var depth = reader.CurrentDepth;
        do
        {
            switch (reader.TokenType)
            {
                case JsonTokenType.StartObject:
                    Writer.WriteStartObject();
                    break;
                case JsonTokenType.EndObject:
                    Writer.WriteEndObject();
                    break;
                case JsonTokenType.StartArray:
                    Writer.WriteStartArray();
                    break;
                case JsonTokenType.EndArray:
                    Writer.WriteEndArray();
                    break;
                case JsonTokenType.PropertyName:
                    Writer.WritePropertyName(JsonTokens.Text(ref reader));
                    break;
                case JsonTokenType.String:
                    Writer.WriteStringValue(JsonTokens.Text(ref reader));
                    break;
                case JsonTokenType.Number when reader.ValueSpan.Length <= LongestNumber
                    && reader.TryGetDouble(out var number) && double.IsFinite(number):
                    WriteNumber(reader.ValueSpan, number);
                    break;
                case JsonTokenType.Number:
                    Writer.WriteStringValue(JsonTokens.Text(ref reader));
                    break;
                case JsonTokenType.True or JsonTokenType.False:
                    Writer.WriteBooleanValue(reader.GetBoolean());
                    break;
                default:
                    Writer.WriteNullValue();
                    break;
            }
        }
        while (!IsComplete(reader, depth) && reader.Read());
    }

    // PostgreSQL keeps every digit that an exponent stands for, and refuses more than 16,383 behind the point: of a number with an
    // exponent goes in what a double knows of it.
    private void WriteNumber(ReadOnlySpan<byte> written, double number)
    {
        if (written.IndexOfAny((byte)'e', (byte)'E') < 0)
        {
            Writer.WriteRawValue(written, skipInputValidation: true);
        }
        else
        {
            Writer.WriteNumberValue(number);
        }
    }

    private static bool IsComplete(in Utf8JsonReader reader, int depth) =>
        reader.CurrentDepth == depth
        && reader.TokenType is not (JsonTokenType.StartObject or JsonTokenType.StartArray or JsonTokenType.PropertyName);
}
