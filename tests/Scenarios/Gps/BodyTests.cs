using System.IO.Compression;
using System.Net;
using System.Text;
using System.Text.Json;
using WebHost.Scenarios.Callers;
using WebHost.Scenarios.Hosting;

namespace WebHost.Scenarios.Gps;

/// <summary>Bodies as they come: packed, in pieces, with a wrong name or none, and large.</summary>
public sealed class BodyTests(SharedApp shared, GpsFleet fleet) : Scenario(shared), IClassFixture<GpsFleet>
{
    private const int HobbyPointsPerRequest = 100_000;

    private static readonly DateTimeOffset Start = new(2026, 3, 14, 8, 0, 0, TimeSpan.Zero);

    [Theory]
    [InlineData("gzip", true)]
    [InlineData("gzip", false)]
    [InlineData("deflate", true)]
    [InlineData("br", true)]
    public async Task Compressed_body_is_unpacked_also_when_gzip_goes_unmentioned(string encoding, bool named)
    {
        var tracker = await App.AddDeviceAsync(fleet.TenantId);
        var content = new ByteArrayContent(Compress(encoding, Points(20)));
        if (named)
        {
            content.Headers.ContentEncoding.Add(encoding);
        }

        (await PostAsync(tracker, content)).Expect(HttpStatusCode.OK);

        Assert.Equal(20, (await App.WaitForTrackAsync(tracker, 20)).Count);
    }

    [Fact]
    public async Task Small_body_that_unpacks_to_more_than_the_plan_allows_is_413()
    {
        var tracker = await App.AddDeviceAsync(fleet.TenantId);
        var content = new ByteArrayContent(Compress("gzip", new byte[200_000_000]));
        content.Headers.ContentEncoding.Add("gzip");

        var problem = (await PostAsync(tracker, content)).ExpectProblem(HttpStatusCode.RequestEntityTooLarge);

        Assert.Contains("10,000,000", problem.Text("detail"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Body_that_is_packed_more_than_once_is_415_whatever_it_unpacks_to()
    {
        var tracker = await App.AddDeviceAsync(fleet.TenantId);
        var content = new ByteArrayContent(Compress("gzip", Compress("gzip", Points(20))));
        content.Headers.TryAddWithoutValidation("Content-Encoding", "gzip, gzip");

        var problem = (await PostAsync(tracker, content)).ExpectProblem(HttpStatusCode.UnsupportedMediaType);

        Assert.Contains("several", problem.Text("detail"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Packed_body_in_chunks_that_is_larger_than_the_plan_allows_is_413_although_it_unpacks_to_less()
    {
        var tracker = await App.AddDeviceAsync(fleet.TenantId);
        var space = Compress("gzip", " "u8.ToArray());
        var content = new ByteArrayContent([.. Enumerable.Repeat(space, (10_000_000 / space.Length) + 1).SelectMany(part => part)]);
        content.Headers.ContentEncoding.Add("gzip");

        (await PostAsync(tracker, content, chunked: true)).ExpectProblem(HttpStatusCode.RequestEntityTooLarge);
    }

    [Fact]
    public async Task Damaged_compression_is_400_and_an_unknown_one_415()
    {
        var tracker = await App.AddDeviceAsync(fleet.TenantId);
        var damaged = new ByteArrayContent(Compress("gzip", Points(20))[..40]);
        damaged.Headers.ContentEncoding.Add("gzip");
        var unknown = new ByteArrayContent(Points(1));
        unknown.Headers.ContentEncoding.Add("zstd");

        (await PostAsync(tracker, damaged)).ExpectProblem(HttpStatusCode.BadRequest);
        (await PostAsync(tracker, unknown)).ExpectProblem(HttpStatusCode.UnsupportedMediaType);
    }

    [Theory]
    [InlineData("application/x-www-form-urlencoded")]
    [InlineData("text/plain; charset=nonsense")]
    [InlineData("image/png")]
    [InlineData(null)]
    public async Task Content_type_may_be_wrong_or_missing_and_the_body_may_come_in_chunks(string? contentType)
    {
        var tracker = await App.AddDeviceAsync(fleet.TenantId);
        var content = new ByteArrayContent(Points(20));
        if (contentType is not null)
        {
            content.Headers.TryAddWithoutValidation("Content-Type", contentType);
        }

        (await PostAsync(tracker, content, chunked: true)).Expect(HttpStatusCode.OK);

        Assert.Equal(20, (await App.WaitForTrackAsync(tracker, 20)).Count);
    }

    [Fact]
    public async Task Batch_of_5_MB_is_taken_whole()
    {
        var tracker = await NewTenantAsync();
        var body = JsonSerializer.SerializeToUtf8Bytes(Enumerable.Range(0, 20_000).Select(i => new
        {
            time = Start.AddSeconds(i),
            lat = 46.05,
            lon = 14.5,
            note = new string('x', 190),
        }));
        Assert.InRange(body.Length, 5_000_000, 6_000_000);

        (await PostAsync(tracker, new ByteArrayContent(body))).Expect(HttpStatusCode.OK);

        Assert.Equal(20_000, (await App.WaitForTrackAsync(tracker, 20_000)).Count);
    }

    [Fact]
    public async Task Points_beyond_what_the_plan_allows_in_a_request_are_413_with_the_limit_and_none_is_taken()
    {
        var tracker = await NewTenantAsync();

        var problem = (await PostAsync(tracker, new ByteArrayContent(Points(HobbyPointsPerRequest + 1))))
            .ExpectProblem(HttpStatusCode.RequestEntityTooLarge);
        (await PostAsync(tracker, new ByteArrayContent(Points(HobbyPointsPerRequest)))).Expect(HttpStatusCode.OK);

        Assert.Contains("100,000", problem.Text("detail"), StringComparison.Ordinal);
        Assert.Equal(HobbyPointsPerRequest, (await App.WaitForTrackAsync(tracker, HobbyPointsPerRequest)).Count);
    }

    private static byte[] Points(int count)
    {
        var body = new StringBuilder("[");
        for (var i = 0; i < count; i++)
        {
            body.Append(System.Globalization.CultureInfo.InvariantCulture, $"{(i == 0 ? "" : ",")}{{\"time\":{Start.AddSeconds(i).ToUnixTimeSeconds()},\"lat\":46.05,\"lon\":14.5}}");
        }

        return Encoding.ASCII.GetBytes(body.Append(']').ToString());
    }

    private static byte[] Compress(string encoding, byte[] body)
    {
        using var compressed = new MemoryStream();
        using (Stream packing = encoding switch
        {
            "gzip" => new GZipStream(compressed, CompressionLevel.Fastest),
            "deflate" => new ZLibStream(compressed, CompressionLevel.Fastest),
            _ => new BrotliStream(compressed, CompressionLevel.Fastest),
        })
        {
            packing.Write(body);
        }

        return compressed.ToArray();
    }

    private async Task<Tracker> NewTenantAsync() =>
        await App.AddDeviceAsync((await App.SignUpToTheEndAsync(SignupData.Hobby)).TenantId);

    private Task<Answer> PostAsync(Tracker tracker, HttpContent content, bool chunked = false) =>
        App.Anybody.SendAsync(new HttpRequestMessage(HttpMethod.Post, $"api/gps/{tracker.Token}")
        {
            Content = content,
            Headers = { TransferEncodingChunked = chunked },
        });
}
