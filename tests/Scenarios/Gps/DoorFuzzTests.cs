using System.Text;
using WebHost.Scenarios.Callers;
using WebHost.Scenarios.Hosting;

namespace WebHost.Scenarios.Gps;

/// <summary>Damaged requests over HTTP: the door may refuse them, but never breaks.</summary>
public sealed class DoorFuzzTests(SharedApp shared) : Scenario(shared)
{
    private static readonly string[] Bodies =
    [
        """{"locations":[{"type":"Feature","geometry":{"type":"Point","coordinates":[13.3777,52.5163]},"properties":{"timestamp":"2026-08-22T10:00:00Z"}}]}""",
        """{"_type":"location","lat":48.85833,"lon":2.29513,"tst":1497349316,"vel":61,"topic":"owntracks/u/d"}""",
        """[{"time":1750000000,"lat":46.05,"lon":14.5,"a":{"b":[1,"é",null]}}]""",
        "id=48241179&lat=37.4219983&lon=-122.084&timestamp=1750000000&accuracy=5.0&speed=9.72&batt=88&charge=true",
        "{\"time\":1750000000,\"lat\":46.05,\"lon\":14.5}\n{\"time\":1750000001,\"lat\":46.06,\"lon\":14.6}\n",
    ];

    private static readonly string?[] ContentTypes =
        [null, "application/json", "application/x-www-form-urlencoded", "text/plain; charset=x", ";;", "multipart/form-data; boundary=x"];

    private static readonly string?[] Encodings = [null, null, null, "gzip", "br", "deflate", "gzip, br", "x"];

    private static readonly string[] Methods = ["GET", "POST", "PUT", "PATCH", "DELETE", "LOG"];

    [Fact]
    public async Task Damaged_request_of_any_kind_is_taken_or_refused_and_never_a_500()
    {
        var requests = IsLongRun ? 20_000 : 600;
        var seed = Environment.TickCount;
        Say($"Seed {seed}");
        var random = new Random(seed);
        var tracker = await App.AddDeviceAsync((await App.SignUpToTheEndAsync(SignupData.Starter)).TenantId);
        var statuses = new SortedDictionary<int, int>();
        for (var i = 0; i < requests; i++)
        {
            var answer = await App.Anybody.SendAsync(Damaged(random, tracker.Token));
            var status = (int)answer.Status;
            statuses[status] = statuses.GetValueOrDefault(status) + 1;
            Assert.True(status is 200 or 400 or 413 or 415 or 429, $"Request {i} of seed {seed}: {status}\n{answer.Body}");
        }

        Say(string.Join(", ", statuses.Select(pair => $"{pair.Value} × {pair.Key}")));
        Assert.True(statuses.GetValueOrDefault(200) > requests / 8);
    }

    private static HttpRequestMessage Damaged(Random random, string token)
    {
        var bytes = new List<byte>(Encoding.UTF8.GetBytes(Bodies[random.Next(Bodies.Length)]));
        for (var edits = random.Next(6); edits > 0; edits--)
        {
            var at = random.Next(bytes.Count);
            switch (random.Next(4))
            {
                case 0:
                    bytes[at] = (byte)random.Next(256);
                    break;
                case 1 when bytes.Count > 1:
                    bytes.RemoveAt(at);
                    break;
                case 2:
                    bytes.InsertRange(at, bytes.GetRange(at, Math.Min(20, bytes.Count - at)));
                    break;
                default:
                    bytes.Insert(at, (byte)random.Next(256));
                    break;
            }
        }

        var content = new ByteArrayContent([.. bytes]);
        if (ContentTypes[random.Next(ContentTypes.Length)] is { } contentType)
        {
            content.Headers.TryAddWithoutValidation("Content-Type", contentType);
        }

        if (Encodings[random.Next(Encodings.Length)] is { } encoding)
        {
            content.Headers.TryAddWithoutValidation("Content-Encoding", encoding);
        }

        var query = random.Next(3) == 0 ? $"?{Uri.EscapeDataString(Encoding.Latin1.GetString([.. bytes.Take(60)]))}&lat=1" : "";
        return new HttpRequestMessage(new HttpMethod(Methods[random.Next(Methods.Length)]), $"api/gps/{token}{query}")
        {
            Content = content,
            Headers = { TransferEncodingChunked = random.Next(3) == 0 },
        };
    }
}
