namespace WebHost.Tests.Migration.Model;

public sealed class CutoverModelTests(ITestOutputHelper output)
{
    [Fact]
    public void In_every_order_of_events_each_accepted_write_is_where_the_tenant_is_served_and_it_takes_writes_in_the_end()
    {
        var found = Check(Parts.All);

        Assert.Null(found.Fault);
        Assert.True(found.Ends > 0);
    }

    [Theory]
    [InlineData(nameof(Parts.Fence), "an accepted write is lost")]
    [InlineData(nameof(Parts.Token), "an accepted write is lost")]
    [InlineData(nameof(Parts.Verification), "an accepted write is lost")]
    [InlineData(nameof(Parts.Lock), "an accepted write was written over with an older one")]
    [InlineData(nameof(Parts.CompareAndSet), "two databases take writes")]
    public void Without_any_one_part_of_the_protocol_there_is_an_order_that_breaks_it(string part, string fault)
    {
        var found = Check(Parts.All & ~Enum.Parse<Parts>(part));

        Assert.Equal(fault, found.Fault);
    }

    private Checked Check(Parts parts)
    {
        var found = Checker.Check(new Protocol(parts));
        output.WriteLine($"{parts}: {found.States:N0} states, {found.Ends:N0} ends, {found.Fault ?? "nothing is broken"}");
        foreach (var step in found.Story)
        {
            output.WriteLine($"  {step}");
        }

        return found;
    }
}
