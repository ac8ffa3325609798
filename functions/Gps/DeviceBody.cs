using System.IO.Compression;
using System.Runtime.InteropServices;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using WebHost.Problems;

namespace WebHost.Gps;

/// <summary>Reads what a device posts: compressed or not, in chunks or not, whatever it claims to be.</summary>
internal static class DeviceBody
{
    private const int FirstRead = 4_096;
    private const int MostPromised = 65_536;
    private const int Growth = 16;

    /// <summary>The body, free of its encoding.</summary>
    /// <exception cref="ProblemException">
    /// 413 when it is larger than <paramref name="limit"/> bytes, packed or unpacked; 415 for an encoding that is not known, and
    /// for several; 400 when it is not in the encoding that it claims.
    /// </exception>
    public static async ValueTask<ReadOnlyMemory<byte>> ReadAsync(
        HttpRequest request, int limit, CancellationToken cancellationToken)
    {
        if (request.HttpContext.Features.Get<IHttpRequestBodyDetectionFeature>() is { CanHaveBody: false })
        {
            return default;
        }

        var decode = FindDecoder(request);
        if (request.ContentLength > limit)
        {
            throw Requests.TooLarge(limit);
        }

        // Packed, it has to be within the limit too, and is as large as it says before anything is made of it.
        var sent = await ReadAllAsync(request.Body, (int)(request.ContentLength ?? 0), limit, cancellationToken);

        // Some senders compress without saying so.
        decode ??= IsGzip(sent.Span) ? Gzip : null;
        return decode is null ? sent : await UnpackAsync(sent, decode, limit, cancellationToken);
    }

    // Each further encoding would multiply what a small body can unpack to; no device uses two.
    private static Func<Stream, Stream>? FindDecoder(HttpRequest request)
    {
        if (request.Headers.ContentEncoding.Count == 0)
        {
            return null;
        }

        var encodings = request.Headers.ContentEncoding
            .SelectMany(header => (header ?? "").Split(','))
            .Select(encoding => encoding.Trim().ToLowerInvariant())
            .Where(encoding => encoding.Length > 0 && encoding != "identity")
            .Take(2)
            .ToArray();
        return encodings switch
        {
            [] => null,
            ["gzip" or "x-gzip"] => Gzip,
            ["deflate"] => static packed => new ZLibStream(packed, CompressionMode.Decompress),
            ["br"] => static packed => new BrotliStream(packed, CompressionMode.Decompress),
            [var unknown] => throw UnknownEncoding($"The content encoding '{unknown}' is not known here."),
            _ => throw UnknownEncoding("The body has several content encodings."),
        };
    }

    private static ProblemException UnknownEncoding(string detail) => new(
        StatusCodes.Status415UnsupportedMediaType, "Unknown encoding", $"{detail} Send gzip, deflate, br, or no encoding.");

    private static async Task<ReadOnlyMemory<byte>> UnpackAsync(
        ReadOnlyMemory<byte> packed, Func<Stream, Stream> decode, int limit, CancellationToken cancellationToken)
    {
        MemoryMarshal.TryGetArray(packed, out var bytes);
        await using var unpacked = decode(new MemoryStream(bytes.Array!, bytes.Offset, bytes.Count, writable: false));
        try
        {
            return await ReadAllAsync(unpacked, packed.Length, limit, cancellationToken);
        }
        catch (Exception corrupt) when (corrupt is InvalidDataException or InvalidOperationException)
        {
            // The second is what Brotli says.
            throw ProblemException.BadRequest("$", $"The body is not in the encoding it claims: {corrupt.Message}");
        }
    }

    private static bool IsGzip(ReadOnlySpan<byte> bytes) => bytes is [0x1f, 0x8b, ..];

    private static GZipStream Gzip(Stream packed) => new(packed, CompressionMode.Decompress);

    // Grows with what arrives, never with what is promised.
    private static async Task<ReadOnlyMemory<byte>> ReadAllAsync(
        Stream body, int expected, int limit, CancellationToken cancellationToken)
    {
        var buffer = new byte[Math.Clamp(expected + 1, FirstRead, MostPromised)];
        var length = 0;
        while (true)
        {
            if (length == buffer.Length)
            {
                var larger = Math.Clamp(expected + 1L, length * 2L, length * (long)Growth);
                Array.Resize(ref buffer, (int)Math.Min(larger, limit + 1L));
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
