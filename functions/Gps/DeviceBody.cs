using System.IO.Compression;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using WebHost.Problems;

namespace WebHost.Gps;

/// <summary>Reads what a device posts: compressed or not, in chunks or not, whatever it claims to be.</summary>
internal static class DeviceBody
{
    private const int FirstRead = 4_096;

    /// <summary>The body, free of its encoding.</summary>
    /// <exception cref="ProblemException">
    /// 413 when it is larger than <paramref name="limit"/> bytes, packed or unpacked; 415 for an encoding that is not known;
    /// 400 when it is not in the encoding that it claims.
    /// </exception>
    public static async ValueTask<ReadOnlyMemory<byte>> ReadAsync(
        HttpRequest request, int limit, CancellationToken cancellationToken)
    {
        if (request.HttpContext.Features.Get<IHttpRequestBodyDetectionFeature>() is { CanHaveBody: false })
        {
            return default;
        }

        if (request.ContentLength > limit)
        {
            throw Requests.TooLarge(limit);
        }

        var encodings = request.Headers.ContentEncoding
            .SelectMany(header => (header ?? "").Split(','))
            .Select(encoding => encoding.Trim())
            .Where(encoding => encoding.Length > 0)
            .Reverse();
        var body = request.Body;
        foreach (var encoding in encodings)
        {
            body = Decode(encoding, body);
        }

        await using var decoder = ReferenceEquals(body, request.Body) ? null : body;
        try
        {
            var read = await ReadAllAsync(body, (int)(request.ContentLength ?? 0), limit, cancellationToken);

            // Some senders compress without saying so.
            return decoder is null && IsGzip(read.Span) ? await UnpackAsync(read, limit, cancellationToken) : read;
        }
        catch (InvalidDataException corrupt)
        {
            throw Corrupt(corrupt);
        }
        catch (InvalidOperationException corrupt) when (decoder is not null)
        {
            // What Brotli says of the same.
            throw Corrupt(corrupt);
        }
    }

    private static async Task<ReadOnlyMemory<byte>> UnpackAsync(
        ReadOnlyMemory<byte> packed, int limit, CancellationToken cancellationToken)
    {
        await using var unpacked = Decode("gzip", new MemoryStream(packed.ToArray(), writable: false));
        return await ReadAllAsync(unpacked, packed.Length, limit, cancellationToken);
    }

    private static ProblemException Corrupt(Exception corrupt) =>
        ProblemException.BadRequest("$", $"The body is not in the encoding it claims: {corrupt.Message}");

    private static bool IsGzip(ReadOnlySpan<byte> bytes) => bytes is [0x1f, 0x8b, ..];

    private static Stream Decode(string encoding, Stream body) => encoding.ToLowerInvariant() switch
    {
        "gzip" or "x-gzip" => new GZipStream(body, CompressionMode.Decompress),
        "deflate" => new ZLibStream(body, CompressionMode.Decompress),
        "br" => new BrotliStream(body, CompressionMode.Decompress),
        "identity" => body,
        _ => throw new ProblemException(
            StatusCodes.Status415UnsupportedMediaType,
            "Unknown encoding",
            $"The content encoding '{encoding}' is not known here. Send gzip, deflate, br, or no encoding."),
    };

    // Grows with what arrives, never with what is promised.
    private static async Task<ReadOnlyMemory<byte>> ReadAllAsync(
        Stream body, int expected, int limit, CancellationToken cancellationToken)
    {
        var buffer = new byte[Math.Clamp(expected + 1, FirstRead, 1 << 20)];
        var length = 0;
        while (true)
        {
            if (length == buffer.Length)
            {
                Array.Resize(ref buffer, (int)Math.Min(buffer.Length * 2L, limit + 1L));
            }

            var read = await body.ReadAsync(buffer.AsMemory(length), cancellationToken);
            if (read == 0)
            {
                return buffer.AsMemory(0, length);
            }

            length += read;
            if (length > limit)
            {
                throw Requests.TooLarge(limit);
            }
        }
    }
}
