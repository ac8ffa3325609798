using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using WebHost.Json;
using WebHost.Problems;

namespace WebHost;

/// <summary>Reading requests and writing answers, the same way in every function.</summary>
internal static class Requests
{
    /// <summary>Largest JSON body of an operator's or tenant's call, bytes.</summary>
    private const int LargestBody = 1 << 20;

    /// <summary>The whole body.</summary>
    /// <exception cref="ProblemException">413 when it is larger than <paramref name="limit"/> bytes.</exception>
    public static async Task<ReadOnlyMemory<byte>> ReadBodyAsync(
        this HttpRequest request, int limit, CancellationToken cancellationToken)
    {
        if (request.ContentLength > limit)
        {
            throw TooLarge(limit);
        }

        using var buffer = new MemoryStream((int)(request.ContentLength ?? 4096));
        var chunk = new byte[81920];
        int read;
        while ((read = await request.Body.ReadAsync(chunk, cancellationToken)) > 0)
        {
            if (buffer.Length + read > limit)
            {
                throw TooLarge(limit);
            }

            buffer.Write(chunk, 0, read);
        }

        return buffer.GetBuffer().AsMemory(0, (int)buffer.Length);
    }

    /// <summary>The body as JSON.</summary>
    /// <exception cref="ProblemException">400 when it is not such JSON; it says where.</exception>
    public static async Task<T> ReadJsonAsync<T>(this HttpRequest request, CancellationToken cancellationToken)
        where T : class
    {
        var body = await request.ReadBodyAsync(LargestBody, cancellationToken);
        try
        {
            return JsonSerializer.Deserialize<T>(body.Span, JsonText.Options)
                ?? throw ProblemException.BadRequest("$", "The body is null; send a JSON object.");
        }
        catch (JsonException malformed)
        {
            // The exception's own words name our types.
            throw ProblemException.BadRequest(
                malformed.Path ?? "$",
                $"The body is not the JSON that belongs here: something is wrong at {malformed.Path ?? "$"}, in line "
                + $"{malformed.LineNumber + 1} after {malformed.BytePositionInLine} bytes. {AllowedAt(typeof(T), malformed.Path)}"
                + "GET /api/openapi.json shows its form.");
        }
    }

    // What may stand there, where that is one of a few words.
    private static string AllowedAt(Type type, string? path)
    {
        foreach (var name in path?.Split('.').Skip(1) ?? [])
        {
            var property = JsonText.Options.GetTypeInfo(type).Properties.FirstOrDefault(one => one.Name == name);
            if (property is null)
            {
                return "";
            }

            type = Nullable.GetUnderlyingType(property.PropertyType) ?? property.PropertyType;
        }

        return type.IsEnum ? $"It must be one of: {string.Join(", ", Enum.GetValues(type).Cast<Enum>().Select(WireName.Of))}. " : "";
    }

    /// <summary>A query parameter that is a number.</summary>
    /// <exception cref="ProblemException">400 when it is no number between the bounds.</exception>
    public static int QueryNumber(this HttpRequest request, string name, int whenAbsent, int minimum, int maximum)
    {
        var text = request.Query[name].ToString();
        if (text.Length == 0)
        {
            return whenAbsent;
        }

        return int.TryParse(text, out var value) && value >= minimum && value <= maximum
            ? value
            : throw ProblemException.BadRequest(name, $"{name} must be a number from {minimum} to {maximum}.");
    }

    /// <summary>A query parameter that is true or false; false when absent.</summary>
    /// <exception cref="ProblemException">400 when it is neither.</exception>
    public static bool QueryFlag(this HttpRequest request, string name)
    {
        var text = request.Query[name].ToString();
        if (text.Length == 0)
        {
            return false;
        }

        return bool.TryParse(text, out var value)
            ? value
            : throw ProblemException.BadRequest(name, $"{name} must be true or false.");
    }

    /// <summary>A query parameter that is an id.</summary>
    /// <exception cref="ProblemException">400 when it is none.</exception>
    public static Guid? QueryId(this HttpRequest request, string name)
    {
        var text = request.Query[name].ToString();
        if (text.Length == 0)
        {
            return null;
        }

        return Guid.TryParse(text, out var id) ? id : throw ProblemException.BadRequest(name, $"{name} must be an id.");
    }

    /// <summary>A query parameter that is one of an enumeration's names.</summary>
    /// <exception cref="ProblemException">400 when it is not; it lists them.</exception>
    public static T? QueryOneOf<T>(this HttpRequest request, string name)
        where T : struct, Enum
    {
        var text = request.Query[name].ToString();
        if (text.Length == 0)
        {
            return null;
        }

        return WireName.TryParse<T>(text, out var value)
            ? value
            : throw ProblemException.BadRequest(name, $"{name} must be one of: {string.Join(", ", WireName.All<T>())}.");
    }

    /// <summary>A query parameter that is a time.</summary>
    /// <exception cref="ProblemException">400 when it is none.</exception>
    public static DateTimeOffset? QueryTime(this HttpRequest request, string name)
    {
        var text = request.Query[name].ToString();
        if (text.Length == 0)
        {
            return null;
        }

        return DateTimeOffset.TryParse(
            text, System.Globalization.CultureInfo.InvariantCulture, System.Globalization.DateTimeStyles.AssumeUniversal, out var time)
            ? time.ToUniversalTime()
            : throw ProblemException.BadRequest(name, $"{name} must be an ISO 8601 time such as 2026-01-31T08:00:00Z.");
    }

    /// <summary>Answers JSON.</summary>
    public static IActionResult Answer(object value, int status = StatusCodes.Status200OK) =>
        new ContentResult
        {
            Content = JsonText.Of(value).Text,
            ContentType = "application/json",
            StatusCode = status,
        };

    /// <summary>413, naming the limit in bytes.</summary>
    public static ProblemException TooLarge(int limit) =>
        new(413, "Too large", $"The body is larger than {limit:N0} bytes, which is the limit here.");
}
