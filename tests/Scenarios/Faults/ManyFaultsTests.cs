using WebHost.Scenarios.Callers;

namespace WebHost.Scenarios.Faults;

/// <summary>Vendors that fail at every call at first.</summary>
public sealed class ManyFaultsTests : ProviderFaults
{
    [Fact]
    public async Task All_calls_of_a_provisioning_may_fail_at_first()
    {
        await StartAsync("faultsall", Options);
        var data = SignupData.Starter;
        var (calls, whole) = await LearnAsync(data);
        var passing = Kinds.Where(kind => kind.Status != 422 && kind.Kind is not ("capacity" or "timeout"))
            .Where(kind => IsLongRun || kind.Kind is "error" or "lost-response");
        foreach (var kind in passing)
        {
            foreach (var call in calls)
            {
                await App.Simulators.AddFaultAsync(kind with { Provider = call.Provider, Operation = call.Operation });
            }

            var tenant = await App.SignUpToTheEndAsync(data);
            Assert.Equal(whole, await App.GetHoldingsAsync(tenant));
            await App.Simulators.ClearFaultsAsync();
        }
    }
}
