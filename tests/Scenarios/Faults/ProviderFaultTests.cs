using System.Net;
using System.Text.Json;
using WebHost.Scenarios.Callers;
using WebHost.Scenarios.Hosting;
using WebHost.Testing;

namespace WebHost.Scenarios.Faults;

/// <summary>
/// Vendors that fail. Which calls there are to fail is learned from a provisioning in which none does. After every fault the
/// tenant is active with exactly what a faultless tenant has, or its operation has failed in the vendor's words and nothing
/// exists for it any more, and a retry gives it all of it.
/// </summary>
public sealed class ProviderFaultTests : Scenario
{
    // What a vendor may do to a call and make good by itself the next time, or not.
    private static readonly VendorFault[] Kinds =
    [
        new("", "", "error", 500),
        new("", "", "error", 422),
        new("", "", "rate-limit"),
        new("", "", "capacity"),
        new("", "", "lost-response"),
        new("", "", "timeout"),
        new("", "", "slow", DelayMs: 200),
    ];

    // More than all attempts at a step make of one call. The vendor recovers when taking back begins.
    private const int Outlasting = 1000;

    // Fly may hold a wait for a machine open that long before anybody can tell that no answer will come.
    private static readonly TimeSpan LongestSilence = TimeSpan.FromMinutes(1);

    private static readonly AppOptions Options = new()
    {
        Settings = new Dictionary<string, string> { ["Providers__RequestTimeout"] = "00:00:01" },
    };

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

    private static SignupData DataFor(string provider) => provider == "fly" ? SignupData.Starter : SignupData.Hobby;

    /// <summary>All of them in a long run, some of them otherwise; the seed is in the output.</summary>
    private static List<VendorFault> Sample(IEnumerable<VendorFault> faults, int count)
    {
        var all = faults.ToArray();
        var seed = Environment.TickCount;
        Say($"{all.Length} faults, seed {seed}");
        new Random(seed).Shuffle(all);
        return [.. IsLongRun ? all : all.Take(count)];
    }

    /// <summary>The calls that a faultless provisioning makes, and what it leaves.</summary>
    private async Task<(List<(string Provider, string Operation)> Calls, IReadOnlyList<string> Whole)> LearnAsync(SignupData data)
    {
        var tenant = await App.SignUpToTheEndAsync(data);
        var calls = (await App.Simulators.GetCallsAsync()).Select(call => (call.Provider, call.Operation)).Distinct().ToList();
        Assert.NotEmpty(calls);
        return (calls, await App.GetHoldingsAsync(tenant));
    }

    private async Task RunAsync(SignupData data, List<VendorFault> faults, IReadOnlyList<string> whole)
    {
        var (active, failed) = (0, 0);
        foreach (var fault in faults)
        {
            var last = (await App.Simulators.GetCallsAsync()).Max(call => call.Id);
            await App.Simulators.AddFaultAsync(fault);
            var tenant = await App.SignUpAsync(data with { Company = fault.ToString() });
            await Eventually.IsTrueAsync(
                async () => (await App.Operator.GetAsync($"api/operations/{tenant.OperationId}")).Json.Text("state")
                    is "undoing" or "failed" or "succeeded",
                SignupCalls.Patience + LongestSilence);
            await App.Simulators.ClearFaultsAsync();
            var operation = await App.WaitForEndAsync(tenant.OperationId);
            Assert.True(
                (await App.Simulators.GetCallsAsync(last)).Any(call => call.Operation == fault.Operation), $"{fault} struck nothing");

            if (operation.Text("state") == "succeeded")
            {
                active++;
            }
            else
            {
                failed++;
                await AssertFailedCleanlyAsync(fault, tenant, operation);
                var retry = (await App.Operator.PostAsync($"api/operations/{tenant.OperationId}/retry", null))
                    .Expect(HttpStatusCode.Accepted).Json.GetProperty("operationId").GetGuid();
                var retried = await App.WaitForEndAsync(retry);
                Assert.True(retried.Text("state") == "succeeded", $"Retry after {fault}: {retried}");
            }

            AssertSame(fault, whole, await App.GetHoldingsAsync(tenant));
            Assert.Equal("active", (await App.GetTenantAsync(tenant.TenantId)).Text("state"));
        }

        Say($"{active} faults got over, {failed} operations failed and were retried");
    }

    private async Task AssertFailedCleanlyAsync(VendorFault fault, SignedUp tenant, JsonElement operation)
    {
        var error = operation.GetProperty("error");
        Assert.True(
            error.Text("message").StartsWith($"{fault.Provider} {fault.Operation}: ", StringComparison.OrdinalIgnoreCase),
            $"{fault}: the operation says {error}");
        Assert.False(string.IsNullOrEmpty(error.Text("step")));
        Assert.True(error.GetProperty("leftBehind").GetArrayLength() == 0, $"{fault} left behind: {error}");
        AssertSame(fault, [], await App.GetHoldingsAsync(tenant));
        Assert.Equal("provisioning-failed", (await App.GetTenantAsync(tenant.TenantId)).Text("state"));
    }

    private static void AssertSame(VendorFault fault, IReadOnlyList<string> expected, IReadOnlyList<string> found) =>
        Assert.True(
            expected.SequenceEqual(found),
            $"After {fault} there should be\n  {string.Join("\n  ", expected)}\nbut there is\n  {string.Join("\n  ", found)}");
}
