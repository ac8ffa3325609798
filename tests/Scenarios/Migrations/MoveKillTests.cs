using System.Net;
using System.Text.Json;
using WebHost.Scenarios.Callers;
using WebHost.Scenarios.Hosting;

namespace WebHost.Scenarios.Migrations;

/// <summary>The host dies while a tenant at work moves.</summary>
public sealed class MoveKillTests : Scenario
{
    private const int Devices = 3;
    private const int LatestKill = 6_000;

    private static readonly string[] Sample = ["StartDatabase", "ImportHistory", "SwitchOver", "RemoveSource"];

    [Fact]
    public async Task Move_whose_host_is_killed_at_its_steps_ends_completed_and_nothing_is_lost()
    {
        await StartAsync("killmove");
        var tenant = await App.SignUpToTheEndAsync(SignupData.Hobby);
        await using var fleet = await FleetAtWork.StartAsync(App, tenant.TenantId, Devices);
        await fleet.DriveOnAsync(30);

        foreach (var kind in IsLongRun ? (string[])["upgrade", "downgrade"] : ["upgrade"])
        {
            var move = await App.StartMoveAsync(tenant.TenantId, new { kind });
            var committed = false;
            foreach (var step in IsLongRun ? await StepsAsync(move) : Sample)
            {
                if (step == "RemoveSource" && !committed)
                {
                    await App.WaitUntilKeptAsync(move);
                    await App.SteerAsync(move, "commit");
                    committed = true;
                }

                await App.WaitForOperationAsync(move, operation => HasBegun(operation, step));
                await App.KillHostAsync();
                await App.StartHostAsync();
                Say($"{kind}: killed at {step}");
            }

            Assert.Equal("succeeded", (await App.WaitUntilOverAsync(move)).Text("state"));
        }

        await fleet.DriveOnAsync(30);
        await fleet.StopAsync();
        await fleet.AssertNothingLostAsync();
        Assert.Empty(await App.GetOrphansAsync([tenant]));
    }

    [Fact]
    public async Task Move_whose_host_is_killed_at_any_moment_ends_completed_or_where_it_was_and_nothing_is_lost()
    {
        var moments = IsLongRun ? 50 : 2;
        var seed = Random.Shared.Next();
        var random = new Random(seed);
        await StartAsync("killmoveany");
        var hobby = await App.SignUpToTheEndAsync(SignupData.Hobby);
        var starter = await App.SignUpToTheEndAsync(SignupData.Starter);
        var whole = (Hetzner: await App.GetHoldingsAsync(hobby), Fly: await App.GetHoldingsAsync(starter));
        var tenant = await App.SignUpToTheEndAsync(SignupData.Hobby);
        await using var fleet = await FleetAtWork.StartAsync(App, tenant.TenantId, Devices);

        for (var moment = 0; moment < moments; moment++)
        {
            var up = (await App.GetTenantAsync(tenant.TenantId)).Text("plan") == "hobby";
            var move = await App.StartMoveAsync(tenant.TenantId, new { kind = up ? "upgrade" : "downgrade" });
            var delay = TimeSpan.FromMilliseconds(random.Next(LatestKill));
            Say($"Seed {seed}, moment {moment}: killed {delay.TotalMilliseconds} ms after a migration {(up ? "up" : "down")} began");
            await Task.Delay(delay, Cancellation);
            await App.KillHostAsync();
            await App.StartHostAsync();

            var state = await EndAsync(move, random.Next(3));
            var onFly = up == (state == "succeeded");
            Assert.Equal(onFly ? "starter" : "hobby", (await App.GetTenantAsync(tenant.TenantId)).Text("plan"));
            Assert.Equal(onFly ? whole.Fly : whole.Hetzner, await App.GetHoldingsAsync(tenant));
        }

        await fleet.DriveOnAsync(30);
        await fleet.StopAsync();
        await fleet.AssertNothingLostAsync();
        Assert.Empty(await App.GetOrphansAsync([hobby, starter, tenant]));
        Say($"{fleet.Accepted} points accepted over {moments} kills; longest refusal {fleet.LongestRefusal.TotalSeconds:0.0} s");
    }

    // Ends a move as one of three operators would: commits it, takes it back, or cancels it when that is possible still.
    private async Task<string> EndAsync(Guid move, int how)
    {
        var cancelled = how == 0
            && (await App.Operator.PostAsync($"api/operations/{move}/cancel", null)).Status == HttpStatusCode.Accepted;
        if (!cancelled)
        {
            await App.WaitUntilKeptAsync(move);
            await App.SteerAsync(move, how == 1 ? "rollback" : "commit");
        }

        var ended = await App.WaitUntilOverAsync(move);
        Assert.Equal(cancelled ? "cancelled" : how == 1 ? "rolled-back" : "succeeded", ended.Text("state"));
        return ended.Text("state");
    }

    private async Task<IReadOnlyList<string>> StepsAsync(Guid move) =>
    [
        .. from step in (await App.Operator.GetAsync($"api/operations/{move}")).Json.GetProperty("steps").EnumerateArray()
           from part in step.TryGetProperty("parts", out var parts) ? parts.EnumerateArray().ToList() : [step]
           select part.Text("name"),
    ];

    private static bool HasBegun(JsonElement operation, string name) =>
        (from step in operation.GetProperty("steps").EnumerateArray()
         from part in step.TryGetProperty("parts", out var parts) ? parts.EnumerateArray().ToList() : [step]
         where part.Text("name") == name
         select part.Text("state")).Single() != "pending";
}
