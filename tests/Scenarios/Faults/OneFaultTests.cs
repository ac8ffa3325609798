namespace WebHost.Scenarios.Faults;

/// <summary>A vendor that fails at one call once, and is well again.</summary>
public sealed class OneFaultTests : ProviderFaults
{
    [Theory]
    [InlineData("fly")]
    [InlineData("hetzner")]
    public async Task Every_call_of_a_provisioning_may_fail_once_in_every_way(string provider)
    {
        var data = DataFor(provider);
        await StartAsync("faults" + provider, Options);
        var (calls, whole) = await LearnAsync(data);
        var faults = from call in calls
                     from kind in Kinds
                     select kind with { Provider = call.Provider, Operation = call.Operation };

        await RunAsync(data, Sample(faults, 6), whole);
    }
}
