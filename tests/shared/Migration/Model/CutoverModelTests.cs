namespace WebHost.Tests.Migration.Model;

public sealed class CutoverModelTests(ITestOutputHelper output)
{
    [Theory]
    [InlineData(nameof(World.BeforeTheSwitch))]
    [InlineData(nameof(World.BehindTheSwitch))]
    public void In_every_order_of_events_each_accepted_write_is_where_the_tenant_is_served_and_it_takes_writes_in_the_end(string start)
    {
        var found = Check(Parts.All, start);

        Assert.Null(found.Fault);
        Assert.True(found.Ends > 0);
    }

    [Theory]
    [InlineData(nameof(World.BeforeTheSwitch), nameof(Parts.Fence), "an accepted write is lost")]
    [InlineData(nameof(World.BeforeTheSwitch), nameof(Parts.Token), "an accepted write is lost")]
    [InlineData(nameof(World.BeforeTheSwitch), nameof(Parts.Verification), "an accepted write is lost")]
    [InlineData(nameof(World.BeforeTheSwitch), nameof(Parts.Lock), "an accepted write was written over with an older one")]
    [InlineData(nameof(World.BeforeTheSwitch), nameof(Parts.CompareAndSet), "two databases take writes")]
    [InlineData(nameof(World.BehindTheSwitch), nameof(Parts.Fence), "an accepted write is lost")]
    [InlineData(nameof(World.BehindTheSwitch), nameof(Parts.Token), "an accepted write is lost")]
    [InlineData(nameof(World.BehindTheSwitch), nameof(Parts.Verification), "an accepted write is lost")]
    [InlineData(nameof(World.BehindTheSwitch), nameof(Parts.Lock), "an accepted write was written over with an older one")]
    [InlineData(nameof(World.BehindTheSwitch), nameof(Parts.CompareAndSet), "two databases take writes")]
    [InlineData(nameof(World.BehindTheSwitch), nameof(Parts.Stay), Protocol.NoWrites)]
    public void Without_any_one_part_of_the_protocol_there_is_an_order_that_breaks_it(string start, string part, string fault)
    {
        var found = Check(Parts.All & ~Enum.Parse<Parts>(part), start);

        Assert.Equal(fault, found.Fault);
    }

    private Checked Check(Parts parts, string start)
    {
        var found = Checker.Check(
            new Protocol(parts, start == nameof(World.BeforeTheSwitch) ? World.BeforeTheSwitch : World.BehindTheSwitch));
        output.WriteLine($"{start}, {parts}: {found.States:N0} states, {found.Ends:N0} ends, {found.Fault ?? "nothing is broken"}");
        foreach (var step in found.Story)
        {
            output.WriteLine($"  {step}");
        }

        return found;
    }
}
