using System.Net;
using System.Text.Json;
using WebHost.Scenarios.Callers;
using WebHost.Scenarios.Faults;

namespace WebHost.Scenarios.Migrations;

/// <summary>
/// Vendors that fail while a tenant moves. Which calls there are to fail is learned from moves in which none does. Whatever
/// fails, the tenant is served, and ends up where the operator then wants it, with exactly what belongs there.
/// </summary>
public sealed class MoveFaultTests : ProviderFaults
{
    [Fact]
    public async Task Every_call_of_an_upgrade_and_a_downgrade_may_fail_in_every_way()
    {
        await StartAsync("movefaults", Options);
        var tenant = await App.SignUpToTheEndAsync(SignupData.Hobby);
        var onHetzner = await App.GetHoldingsAsync(tenant);
        var upCalls = await LearnMoveAsync(tenant, "upgrade");
        var onFly = await App.GetHoldingsAsync(tenant);
        var downCalls = await LearnMoveAsync(tenant, "downgrade");
        Assert.Equal(onHetzner, await App.GetHoldingsAsync(tenant));
        var faults = Sample(
            from call in upCalls.Select(call => (Up: true, call)).Concat(downCalls.Select(call => (Up: false, call)))
            from kind in Kinds
            select (call.Up, Fault: kind with { Provider = call.call.Provider, Operation = call.call.Operation }),
            5);

        var (over, retried, cancelled) = (0, 0, 0);
        foreach (var (up, fault) in faults)
        {
            if (up != await IsOnHetznerAsync(tenant))
            {
                await LearnMoveAsync(tenant, up ? "upgrade" : "downgrade", reverse: true);
            }

            await App.Simulators.AddFaultAsync(fault);
            var move = await App.StartMoveAsync(tenant.TenantId, new { kind = up ? "upgrade" : "downgrade" });
            var quiet = await App.WaitUntilQuietAsync(move);
            if (MoveCalls.IsKept(quiet))
            {
                await App.SteerAsync(move, "commit");
                quiet = await App.WaitForOperationAsync(
                    move, operation => MoveCalls.IsOver(operation) || operation.TryGetProperty("error", out _));
            }

            await AssertServedAsync(tenant, fault);
            await App.Simulators.ClearFaultsAsync();
            if (MoveCalls.IsOver(quiet))
            {
                over++;
            }
            else if (retried <= cancelled || !await TryCancelAsync(move))
            {
                retried++;
                await RetryAsync(move);
            }
            else
            {
                cancelled++;
            }

            var ended = (await App.WaitUntilOverAsync(move)).Text("state");
            Assert.Contains(ended, (string[])["succeeded", "cancelled", "failed"]);
            var expected = up == (ended == "succeeded") ? onFly : onHetzner;
            AssertSame(fault, expected, await App.GetHoldingsAsync(tenant));
            await AssertServedAsync(tenant, fault);
        }

        Assert.Empty(await App.GetOrphansAsync([tenant]));
        Say($"{over} faults got over, {retried} moves retried, {cancelled} cancelled");
    }

    // A retry may meet the next wait for an operator, when the fault struck while something was being taken back.
    private async Task RetryAsync(Guid move)
    {
        await App.SteerAsync(move, "retry");
        var next = await App.WaitForOperationAsync(
            move, operation => MoveCalls.IsOver(operation) || MoveCalls.IsKept(operation));
        if (MoveCalls.IsKept(next))
        {
            await App.SteerAsync(move, "commit");
        }
    }

    private async Task<bool> TryCancelAsync(Guid move) =>
        (await App.Operator.PostAsync($"api/operations/{move}/cancel", null)).Status == HttpStatusCode.Accepted;

    private async Task AssertServedAsync(SignedUp tenant, VendorFault fault)
    {
        var answer = await App.Operator.PutAsync(
            $"api/tenants/{tenant.TenantId}/vehicles/van", new { name = $"{fault.Operation} {fault.Kind}" });
        Assert.Contains(answer.Status, (HttpStatusCode[])[HttpStatusCode.OK, HttpStatusCode.Created]);
    }

    private async Task<bool> IsOnHetznerAsync(SignedUp tenant) =>
        (await App.GetTenantAsync(tenant.TenantId)).Text("plan") == "hobby";

    // The calls that a faultless move makes from its start to the removal of the old home.
    private async Task<List<(string Provider, string Operation)>> LearnMoveAsync(
        SignedUp tenant, string kind, bool reverse = false)
    {
        if (reverse)
        {
            kind = kind == "upgrade" ? "downgrade" : "upgrade";
        }

        var last = (await App.Simulators.GetCallsAsync()).Max(call => call.Id);
        var move = await App.StartMoveAsync(tenant.TenantId, new { kind });
        await App.WaitUntilKeptAsync(move);
        await App.SteerAsync(move, "commit");
        JsonElement ended = await App.WaitUntilOverAsync(move);
        Assert.True(ended.Text("state") == "succeeded", ended.ToString());
        return [.. (await App.Simulators.GetCallsAsync(last)).Select(call => (call.Provider, call.Operation)).Distinct()];
    }
}
