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
public abstract class ProviderFaults : Scenario
{
    // What a vendor may do to a call and make good by itself the next time, or not.
    private protected static readonly VendorFault[] Kinds =
    [
        new("", "", "error", 500),
        new("", "", "error", 422),
        new("", "", "rate-limit"),
        new("", "", "capacity"),
        new("", "", "lost-response"),
        new("", "", "timeout"),
        new("", "", "slow", DelayMs: 200),
    ];

    // Fly may hold a wait for a machine open that long before anybody can tell that no answer will come.
    private static readonly TimeSpan LongestSilence = TimeSpan.FromMinutes(1);

    private protected static readonly AppOptions Options = new()
    {
        Settings = new Dictionary<string, string> { ["Providers__RequestTimeout"] = "00:00:01" },
    };

    private protected static SignupData DataFor(string provider) => provider == "fly" ? SignupData.Starter : SignupData.Hobby;

    /// <summary>All of them in a long run, some of them otherwise; the seed is in the output.</summary>
    private protected static List<T> Sample<T>(IEnumerable<T> faults, int count)
    {
        var all = faults.ToArray();
        var seed = Environment.TickCount;
        Say($"{all.Length} faults, seed {seed}");
        new Random(seed).Shuffle(all);
        return [.. IsLongRun ? all : all.Take(count)];
    }

    /// <summary>The calls that a faultless provisioning makes, and what it leaves.</summary>
    private protected async Task<(List<(string Provider, string Operation)> Calls, IReadOnlyList<string> Whole)> LearnAsync(SignupData data)
    {
        var tenant = await App.SignUpToTheEndAsync(data);
        var calls = (await App.Simulators.GetCallsAsync()).Select(call => (call.Provider, call.Operation)).Distinct().ToList();
        Assert.NotEmpty(calls);
        return (calls, await App.GetHoldingsAsync(tenant));
    }

    private protected async Task RunAsync(SignupData data, List<VendorFault> faults, IReadOnlyList<string> whole)
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

    private protected static void AssertSame(VendorFault fault, IReadOnlyList<string> expected, IReadOnlyList<string> found) =>
        Assert.True(
            expected.SequenceEqual(found),
            $"After {fault} there should be\n  {string.Join("\n  ", expected)}\nbut there is\n  {string.Join("\n  ", found)}");
}
