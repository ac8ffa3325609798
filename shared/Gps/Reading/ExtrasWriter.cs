using System.Buffers;
using System.Globalization;
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

    private readonly ArrayBufferWriter<byte> _buffer = new();
    private readonly HashSet<string> _names = new(StringComparer.Ordinal);
    private readonly Utf8JsonWriter _writer;

    public ExtrasWriter() => _writer = new Utf8JsonWriter(
        _buffer, new JsonWriterOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping });

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
            _writer.WriteStartArray();
        }

        foreach (var value in values)
        {
            AddValue(StorableText.From(value));
        }

        if (values.Count > 1)
        {
            _writer.WriteEndArray();
        }
    }

    /// <summary>The object, nothing when it is empty.</summary>
    public string? ToJson()
    {
        if (_names.Count == 0)
        {
            return null;
        }

        _writer.WriteEndObject();
        _writer.Flush();
        return Encoding.UTF8.GetString(_buffer.WrittenSpan);
    }

    public void Reset()
    {
        _names.Clear();
        _buffer.ResetWrittenCount();
        _writer.Reset();
    }

    public void Dispose() => _writer.Dispose();

    private bool TryBegin(string name, long length)
    {
        if (_writer.BytesCommitted + _writer.BytesPending + name.Length + length > MaximumBytes || !_names.Add(name))
        {
            return false;
        }

        if (_names.Count == 1)
        {
            _writer.WriteStartObject();
        }

        _writer.WritePropertyName(name);
        return true;
    }

    private void AddValue(string value)
    {
        switch (value)
        {
            case "true":
                _writer.WriteBooleanValue(true);
                break;
            case "false":
                _writer.WriteBooleanValue(false);
                break;
            case { Length: <= 15 } when IsPlainNumber(value):
                _writer.WriteNumberValue(decimal.Parse(value, CultureInfo.InvariantCulture));
                break;
            default:
                _writer.WriteStringValue(value);
                break;
        }
    }

    // Leading zeros and plus signs belong to names, not to numbers.
    private static bool IsPlainNumber(string value)
    {
        var digits = value.StartsWith('-') ? value.AsSpan(1) : value;
        return digits.Length > 0 && char.IsAsciiDigit(digits[0]) && char.IsAsciiDigit(digits[^1])
            && (digits[0] != '0' || digits.Length == 1 || digits[1] == '.')
            && decimal.TryParse(digits, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out _);
    }

    private void CopyValue(ref Utf8JsonReader reader)
    {
        var depth = reader.CurrentDepth;
        do
        {
            switch (reader.TokenType)
            {
                case JsonTokenType.StartObject:
                    _writer.WriteStartObject();
                    break;
                case JsonTokenType.EndObject:
                    _writer.WriteEndObject();
                    break;
                case JsonTokenType.StartArray:
                    _writer.WriteStartArray();
                    break;
                case JsonTokenType.EndArray:
                    _writer.WriteEndArray();
                    break;
                case JsonTokenType.PropertyName:
                    _writer.WritePropertyName(JsonTokens.Text(ref reader));
                    break;
                case JsonTokenType.String:
                    _writer.WriteStringValue(JsonTokens.Text(ref reader));
                    break;
                case JsonTokenType.Number when reader.ValueSpan.Length <= LongestNumber
                    && reader.TryGetDouble(out var number) && double.IsFinite(number):
                    _writer.WriteRawValue(reader.ValueSpan, skipInputValidation: true);
                    break;
                case JsonTokenType.Number:
                    _writer.WriteStringValue(JsonTokens.Text(ref reader));
                    break;
                case JsonTokenType.True or JsonTokenType.False:
                    _writer.WriteBooleanValue(reader.GetBoolean());
                    break;
                default:
                    _writer.WriteNullValue();
                    break;
            }
        }
        while (!IsComplete(reader, depth) && reader.Read());
    }

    private static bool IsComplete(in Utf8JsonReader reader, int depth) =>
        reader.CurrentDepth == depth
        && reader.TokenType is not (JsonTokenType.StartObject or JsonTokenType.StartArray or JsonTokenType.PropertyName);
}
