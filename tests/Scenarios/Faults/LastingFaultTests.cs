using WebHost.Scenarios.Callers;

namespace WebHost.Scenarios.Faults;

/// <summary>A vendor that fails at one call for as long as anybody tries it.</summary>
public sealed class LastingFaultTests : ProviderFaults
{
    // More than all attempts at a step make of one call. The vendor recovers when taking back begins.
    private const int Outlasting = 1000;

    [Theory]
    [InlineData("fly")]
    [InlineData("hetzner")]
    public async Task Every_call_of_a_provisioning_may_fail_until_nobody_tries_any_more(string provider)
    {
        var data = DataFor(provider);
        await StartAsync("outlasting" + provider, Options);
        var (calls, whole) = await LearnAsync(data);
        var faults = calls.Select(call => new VendorFault(call.Provider, call.Operation, "error", 500, Outlasting));

        await RunAsync(data, Sample(faults, 1), whole);
    }
}
