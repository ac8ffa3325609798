using WebHost.Fleet;
using WebHost.Gps.Ingestion;
using WebHost.Tests.Gps.Protocols;

namespace WebHost.Tests.Gps.Ingestion;

public sealed class TrackerBatchesTests
{
    private static readonly Guid Self = Guid.NewGuid();

    [Theory]
    [InlineData("""[{"time":1750000000,"lat":46.05,"lon":14.5,"deviceId":"van"}]""", "van", true)]
    [InlineData("""[{"time":1750000000,"battery":80,"deviceId":"van"}]""", "van", true)]
    [InlineData("""[{"time":1750000000,"lat":46.05,"lon":14.5,"deviceId":"van"}]""", "truck", false)]
    [InlineData("""[{"time":1750000000,"lat":99,"lon":14.5,"deviceId":"van"}]""", "van", false)]
    [InlineData("""[{"time":1750000000,"lat":46.05,"lon":14.5}]""", "van", false)]
    public void HasRefused_finds_what_was_read_before_its_tracker_was_refused_and_is_no_quarantined_message(
        string sent, string refused, bool expected)
    {
        var parsed = Messages.Post(sent);

        Assert.Equal(expected, TrackerBatches.HasRefused(parsed, new KnownTrackers(Self, null, [(refused, null)])));
    }

    [Fact]
    public void Name_of_any_length_leaves_a_message_that_the_queue_takes()
    {
        var parsed = Messages.Post($$"""[{"time":1750000000,"lat":99,"lon":14.5,"deviceId":"{{new string('n', 300_000)}}"}]""");
        var device = new KnownDevice(Self, Guid.NewGuid(), default, default, new KnownTrackers(Self, null, []));

        var batch = Assert.Single(TrackerBatches.Divide(device, parsed, Batches.Start));

        Assert.InRange(Assert.Single(PointMessage.ToSegments(batch)).Length, 1, 10_000);
    }
}
