using System.Text.Json;
using System.Text.Unicode;

namespace WebHost.Signup;

/// <summary>Turns a webhook's body into a JSON object whose every text can be read, or into faults.</summary>
internal static class PayloadDocument
{
    private const int MaximumDepth = 32;

    /// <param name="body">The body as it came.</param>
    /// <param name="read">Reads the body's object; may answer nothing only when it found a fault.</param>
    public static SignupOutcome Read(ReadOnlyMemory<byte> body, Func<PayloadObject, SignupOutcome?> read)
    {
        var faults = new FaultList();
        using var document = Parse(body, faults);
        if (document is null)
        {
            return faults.ToRefusal();
        }

        if (document.RootElement.ValueKind != JsonValueKind.Object)
        {
            faults.Add("$", "The body must be a JSON object.");
            return faults.ToRefusal();
        }

        var outcome = read(new PayloadObject(document.RootElement, "", faults));
        return faults.IsEmpty && outcome is not null ? outcome : faults.ToRefusal();
    }

    private static JsonDocument? Parse(ReadOnlyMemory<byte> body, FaultList faults)
    {
        if (!Utf8.IsValid(body.Span))
        {
            faults.Add("$", "The body is not UTF-8. Send JSON in UTF-8.");
            return null;
        }

        try
        {
            if (HasUnreadableText(body.Span))
            {
                faults.Add("$", "A text in the body has half of a surrogate pair (\\uD800 to \\uDFFF). Send whole characters.");
                return null;
            }

            return JsonDocument.Parse(body, new JsonDocumentOptions { MaxDepth = MaximumDepth });
        }
        catch (JsonException exception)
        {
            faults.Add(
                "$",
                $"The body is not JSON of at most {MaximumDepth} levels: something is wrong in line "
                + $"{exception.LineNumber + 1} after {exception.BytePositionInLine} bytes.");
            return null;
        }
    }

    /// <summary>JsonDocument takes a lone surrogate at first and throws when the text is read: better to know before.</summary>
    private static bool HasUnreadableText(ReadOnlySpan<byte> body)
    {
        var reader = new Utf8JsonReader(body, new JsonReaderOptions { MaxDepth = MaximumDepth });
        while (reader.Read())
        {
            if (!reader.ValueIsEscaped)
            {
                continue;
            }

            try
            {
                reader.GetString();
            }
            catch (InvalidOperationException)
            {
                return true;
            }
        }

        return false;
    }
}
