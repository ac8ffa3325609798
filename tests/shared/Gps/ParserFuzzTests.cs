using System.Diagnostics;
using System.Text;
using CsCheck;
using WebHost.Gps;
using WebHost.Tests.Gps.Protocols;

namespace WebHost.Tests.Gps;

/// <summary>
/// Whatever anybody posts: no exception, nothing lost without a trace, and no more memory or time than its size deserves.
/// WEBHOST_LONG_TESTS=1 makes a million requests of the thousands.
/// </summary>
public sealed class ParserFuzzTests
{
    // Of text, in UTF-16, and an object for each message of a few bytes; measured are up to 40.
    private const int MostBytesForAByte = 64;
    private const int MostBytesForNothing = 64 * 1024;

    private static readonly string[] Queries =
    [
        "?id=1&timestamp=2016-01-27T18%3A55%3A47Z&location=60.0,30.0&cell=1,2,3&valid=1",
        "?id=123456789012345&timestamp=1377177267&lat=60.0&lon=30.0&speed=0.0&bearing=0.0&altitude=0.0&accuracy=0.0&batt=55.0",
        "?lat=12.193&lon=19.111&sat=9&alt=45.0&acc=8.0&dir=359.0&prov=MOCK&spd=9005.0&time=2016-03-05T19:24:29.949Z",
        "?u=jane&d=phone",
    ];

    private static int Scale => Environment.GetEnvironmentVariable("WEBHOST_LONG_TESTS") == "1" ? 50 : 1;

    [Fact]
    public void Parse_any_bytes_never_throws_and_loses_nothing() =>
        Gen.Byte.Array[0, 400].Sample(body => Check(Post(body)), iter: 4_000 * Scale);

    [Fact]
    public void Parse_any_mutation_of_a_valid_body_never_throws() =>
        Gen.OneOf(GpsParserTests.Bodies.Select(Mutations.Of).ToArray()).Sample(body => Check(Post(body)), iter: 10_000 * Scale);

    [Fact]
    public void Parse_any_query_never_throws() =>
        Gen.OneOf([Gen.String[Gen.Char['\0', '\uffff'], 0, 100], .. Queries.Select(query => Mutations.Of(query).Select(Encoding.Latin1.GetString))])
            .Sample(query => Check(new GpsRequest { Method = "GET", QueryString = query }), iter: 6_000 * Scale);

    [Fact]
    public void ParseAgain_any_text_under_any_protocol_never_throws() =>
        Gen.Select(
            Gen.OneOf<GpsProtocol>(Enum.GetValues<GpsProtocol>()),
            Gen.OneOf(GpsParserTests.Bodies.Select(Mutations.Of).ToArray()).Select(Encoding.UTF8.GetString)).Sample(
                (protocol, raw) => GpsParser.ParseAgain(protocol, raw, Messages.ReceivedAt, SpeedUnit.Knots), iter: 4_000 * Scale);

    [Fact]
    public void Parse_what_was_quarantined_is_quarantined_again_for_the_same_reason() =>
        Gen.OneOf(GpsParserTests.Bodies.Select(Mutations.Of).ToArray()).Sample(
            body =>
            {
                var parsed = Messages.Parse(Post(body));
                foreach (var quarantined in parsed.Quarantined.Where(q => q.Raw.Length < 4_000 && !q.Raw.Contains('\ufffd', StringComparison.Ordinal)))
                {
                    var again = GpsParser.ParseAgain(parsed.Protocol, quarantined.Raw, Messages.ReceivedAt, SpeedUnit.Knots);
                    if (again.Failure is null)
                    {
                        Assert.Contains(quarantined.Reason, again.Quarantined.Select(q => q.Reason));
                    }
                }
            },
            iter: 3_000 * Scale);

    [Theory]
    [InlineData("[", "{},", "]")]
    [InlineData("[", "1,", "1]")]
    [InlineData("[", "{\"bat\":1},", "{}]")]
    [InlineData("{\"points\":[", "[],", "[]]}")]
    [InlineData("{\"locations\":[", "{\"properties\":{\"a\":1}},", "{}]}")]
    [InlineData("{", "\"a\":{\"b\":[1,\"\u00e9\"]},", "\"lat\":1}")]
    [InlineData("{\"lat\":1,\"x\":", "[", "")]
    [InlineData("[{\"ident\":\"1\"},", "{\"ident\":\"1\",\"timestamp\":1},", "{}]")]
    [InlineData("{\"time\":\"", "1", "\"}")]
    [InlineData("{\"lat\":1", "0", ",\"lon\":1e999}")]
    [InlineData("{}\n", "{\"lat\":1}\n", "")]
    [InlineData("lat=1", "&a=%41", "")]
    [InlineData("lat=1", "&lat=1", "")]
    [InlineData("", "\\\"\\u00", "")]
    public void Parse_the_worst_of_its_kind_takes_time_in_proportion_to_its_size(string begin, string repeated, string end)
    {
        var small = Body(10_000);
        var whole = Body(160_000);
        Check(Post(whole));

        var fastest = (Small: TimeSpan.MaxValue, Whole: TimeSpan.MaxValue);
        for (var i = 0; i < 15; i++)
        {
            fastest = (Min(fastest.Small, Time(small)), Min(fastest.Whole, Time(whole)));
        }

        // Sixteen times the size is sixteen times the time; were it the square, 256.
        Assert.InRange(fastest.Whole / (fastest.Small + TimeSpan.FromMicroseconds(100)), 0, 120);

        byte[] Body(int bytes) => Encoding.UTF8.GetBytes(
            begin + string.Concat(Enumerable.Repeat(repeated, bytes / repeated.Length)) + end);
    }

    private static TimeSpan Min(TimeSpan left, TimeSpan right) => left < right ? left : right;

    private static TimeSpan Time(byte[] body)
    {
        var clock = Stopwatch.StartNew();
        Messages.Parse(Post(body));
        return clock.Elapsed;
    }

    private static GpsRequest Post(byte[] body) => new() { Method = "POST", Body = body };

    private static long Allocated(GpsRequest request)
    {
        var before = GC.GetAllocatedBytesForCurrentThread();
        Messages.Parse(request);
        return GC.GetAllocatedBytesForCurrentThread() - before;
    }

    private static void Check(GpsRequest request)
    {
        var most = MostBytesForNothing + (MostBytesForAByte * (long)(request.Body.Length + request.QueryString.Length));

        // What the process makes once and keeps is made the first time only.
        Assert.True(
            Allocated(request) <= most || Allocated(request) <= most,
            $"{request.Body.Length} and {request.QueryString.Length} bytes made it allocate more than {most}.");
        GpsParserTests.Check(request);
    }
}
