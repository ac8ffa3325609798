using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Microsoft.Extensions.DependencyInjection;
using WebHost.Data;
using WebHost.Emergency;
using WebHost.Functions.Tests.Hosting;
using WebHost.Migration;
using WebHost.Operations;
using WebHost.Provisioning;
using WebHost.Provisioning.Fly;

namespace WebHost.Functions.Tests.Operations;

/// <summary>Operations whose orchestration ended before its work was done, as one does that no longer matches its own history.</summary>
public sealed class DeadOperationTests(ApplicationUnderTest application) : IClassFixture<ApplicationUnderTest>
{
    [Theory]
    [InlineData(StepHooks.Before + nameof(CreateVolume))]
    [InlineData(StepHooks.After + nameof(ImportHistory))]
    [InlineData(Cutover.Fenced)]
    [InlineData(Cutover.TakenOver)]
    [InlineData(StepHooks.Before + nameof(ProbeTarget))]
    public async Task Move_goes_on_to_its_end_from_where_it_died(string place)
    {
        var (tenant, region) = await AddTenantAsync();

        var stepGoesOn = new TaskCompletionSource();
        var move = await DieAtAsync(place, () => RelocateAsync(tenant, region), stepGoesOn: stepGoesOn);
        await RetryAsync(move);
        await WaitsAsync(move, nameof(KeepSource));
        stepGoesOn.SetResult();
        await AcceptedAsync($"operations/{move}/commit");

        await EndsAsync(move, "succeeded");
        Assert.NotEqual(region, await RegionAsync(tenant));
        Assert.Equal("Van", await VehicleAsync(tenant));
        Assert.Empty(await AlertsAsync(move));
    }

    [Fact]
    public async Task Move_that_was_cancelled_when_it_died_is_taken_back()
    {
        var (tenant, region) = await AddTenantAsync();
        var before = await AppsAsync(tenant);

        var move = await DieAtAsync(
            StepHooks.Before + nameof(CreateVolume), () => RelocateAsync(tenant, region), it => AcceptedAsync($"operations/{it}/cancel"));
        await RetryAsync(move);

        await EndsAsync(move, "cancelled");
        Assert.Equal(region, await RegionAsync(tenant));
        Assert.Equal(before, await AppsAsync(tenant));
    }

    [Fact]
    public async Task Move_that_died_after_its_switch_can_still_be_taken_back_and_dies_once_more_on_the_way()
    {
        var (tenant, region) = await AddTenantAsync();
        var move = await RelocateAsync(tenant, region);
        await WaitsAsync(move, nameof(KeepSource));

        await application.DieAsync(move);
        await RefusesAsync($"operations/{move}/rollback", $"POST /api/operations/{move}/retry first");
        await RetryAsync(move);
        await WaitsAsync(move, nameof(KeepSource));
        await DieAtAsync(Cutover.HandedOver, async () =>
        {
            await AcceptedAsync($"operations/{move}/rollback");
            return move;
        });
        await RetryAsync(move);

        await EndsAsync(move, "rolled-back");
        Assert.Equal(region, await RegionAsync(tenant));
        Assert.Equal("Van", await VehicleAsync(tenant));
    }

    [Fact]
    public async Task Move_that_died_while_it_removed_the_old_home_removes_it()
    {
        var (tenant, region) = await AddTenantAsync();
        var move = await RelocateAsync(tenant, region);
        await WaitsAsync(move, nameof(KeepSource));

        var stepGoesOn = new TaskCompletionSource();
        await DieAtAsync(
            StepHooks.Before + nameof(RemoveSource),
            async () =>
            {
                await AcceptedAsync($"operations/{move}/commit");
                return move;
            },
            stepGoesOn: stepGoesOn);
        await RetryAsync(move);

        await EndsAsync(move, "succeeded");
        stepGoesOn.SetResult();
        Assert.Equal(2, (await AppsAsync(tenant)).Count);
    }

    [Theory]
    [InlineData(MoveState.CleaningUp, MoveState.Committed, "succeeded")]
    [InlineData(MoveState.GoingBack, MoveState.Undone, "rolled-back")]
    public async Task Move_whose_last_step_was_done_when_it_died_is_closed(MoveState decided, MoveState last, string ended)
    {
        var (tenant, region) = await AddTenantAsync();
        var move = await RelocateAsync(tenant, region);
        await WaitsAsync(move, nameof(KeepSource));
        await AcceptedAsync($"operations/{move}/{(decided == MoveState.CleaningUp ? "commit" : "rollback")}");
        await EndsAsync(move, ended);
        Assert.Equal(last, (await application.Services.GetRequiredService<MoveStore>().GetAsync(move, default)).State);
        await SetStateAsync(move, OperationState.Died);

        await RetryAsync(move);

        await EndsAsync(move, ended);
    }

    [Fact]
    public async Task Failover_whose_last_step_was_done_when_it_died_is_closed()
    {
        var (tenant, _) = await AddTenantAsync();
        var failover = await FailOverAsync(tenant);
        await EndsAsync(failover, "succeeded");
        await SetStateAsync(failover, OperationState.Died);

        await RetryAsync(failover);

        await EndsAsync(failover, "succeeded");
    }

    [Theory]
    [InlineData(StepHooks.Before + nameof(CreateVolume))]
    [InlineData(StepHooks.After + nameof(TakeOver))]
    [InlineData(StepHooks.Before + nameof(VerifyHistory))]
    public async Task Failover_goes_on_to_its_end_from_where_it_died(string place)
    {
        var (tenant, _) = await AddTenantAsync();
        await application.LoseHomeAsync(tenant);

        var failover = await DieAtAsync(place, () => FailOverAsync(tenant));
        await RetryAsync(failover);
        await WaitsAsync(failover, nameof(RecoverSource));
        await application.DieAsync(failover);
        await RetryAsync(failover);
        await WaitsAsync(failover, nameof(RecoverSource));
        await AcceptedAsync($"operations/{failover}/commit");

        await EndsAsync(failover, "succeeded");
    }

    [Fact]
    public async Task Failover_that_was_cancelled_when_it_died_is_taken_back()
    {
        var (tenant, _) = await AddTenantAsync();
        var before = await AppsAsync(tenant);
        await application.LoseHomeAsync(tenant);

        var failover = await DieAtAsync(
            StepHooks.Before + nameof(CreateVolume), () => FailOverAsync(tenant), it => AcceptedAsync($"operations/{it}/cancel"));
        await RetryAsync(failover);

        await EndsAsync(failover, "cancelled");
        Assert.Equal(before, await AppsAsync(tenant));
    }

    [Fact]
    public async Task Failover_takes_the_place_of_a_move_that_died_and_closes_it()
    {
        var (tenant, region) = await AddTenantAsync();
        var move = await RelocateAsync(tenant, region);
        await WaitsAsync(move, nameof(KeepSource));
        await application.DieAsync(move);
        Assert.Contains($"POST /api/operations/{move}/retry", await application.AdviceAsync(move), StringComparison.Ordinal);

        await EndsAsync(await FailOverAsync(tenant), "succeeded");

        await EndsAsync(move, "cancelled");
        Assert.Empty(await AlertsAsync(move));
        await RefusesAsync($"operations/{move}/retry", "No step of migration");
    }

    [Theory]
    [InlineData(StepHooks.Before + nameof(CreateVolume))]
    [InlineData(StepHooks.After + nameof(VerifyHome))]
    public async Task Provisioning_goes_on_with_what_it_had_made_when_it_died(string place)
    {
        var tenant = Guid.Empty;

        var provisioning = await DieAtAsync(place, async () =>
        {
            (tenant, var operation) = await application.SignUpStarterAsync();
            return operation;
        });
        await RetryAsync(provisioning);

        await EndsAsync(provisioning, "succeeded");
        Assert.Equal("active", (string?)(await application.GetAsync($"tenants/{tenant}"))["state"]);
        Assert.Equal(2, (await AppsAsync(tenant)).Count);
    }

    [Fact]
    public async Task Of_several_who_have_a_dead_operation_go_on_one_does()
    {
        var (tenant, region) = await AddTenantAsync();
        var move = await RelocateAsync(tenant, region);
        await WaitsAsync(move, nameof(KeepSource));
        await application.DieAsync(move);

        var answers = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => application.PostAsync($"operations/{move}/retry")));

        Assert.Equal(1, answers.Count(answer => answer.Status == HttpStatusCode.Accepted));
        Assert.Equal(3, answers.Count(answer => answer.Status == HttpStatusCode.Conflict));
        await WaitsAsync(move, nameof(KeepSource));
    }

    // The step in which the orchestration dies goes on until it ends by itself, as one does: at once, or when it is told to.
    private async Task<Guid> DieAtAsync(
        string place, Func<Task<Guid>> begin, Func<Guid, Task>? meanwhile = null, TaskCompletionSource? stepGoesOn = null)
    {
        var hooks = application.Services.GetRequiredService<StepHooks>();
        var (reached, goOn) = (new TaskCompletionSource(), stepGoesOn ?? new TaskCompletionSource());
        hooks.Reached = (_, at) =>
        {
            if (at != place)
            {
                return Task.CompletedTask;
            }

            reached.TrySetResult();
            return goOn.Task;
        };
        try
        {
            var operation = await begin();
            await reached.Task.WaitAsync(TimeSpan.FromMinutes(1));
            await (meanwhile?.Invoke(operation) ?? Task.CompletedTask);
            await application.DieAsync(operation);
            Assert.Equal("died", (string?)(await application.GetAsync($"operations/{operation}"))["state"]);
            return operation;
        }
        finally
        {
            hooks.Reached = (_, _) => Task.CompletedTask;
            if (stepGoesOn is null)
            {
                goOn.SetResult();
            }
        }
    }

    private async Task RetryAsync(Guid operation)
    {
        var (status, accepted) = await application.PostAsync($"operations/{operation}/retry");
        Assert.True(status == HttpStatusCode.Accepted, accepted?.ToJsonString());
        Assert.Equal(operation, (Guid)accepted!["operationId"]!);
    }

    private async Task AcceptedAsync(string path)
    {
        var (status, answer) = await application.PostAsync(path);
        Assert.True(status == HttpStatusCode.Accepted, answer?.ToJsonString());
    }

    private async Task RefusesAsync(string path, string reason)
    {
        var (status, problem) = await application.PostAsync(path);
        Assert.Equal(HttpStatusCode.Conflict, status);
        Assert.Contains(reason, (string?)problem!["detail"], StringComparison.Ordinal);
    }

    private async Task WaitsAsync(Guid operation, string step)
    {
        var waiting = await application.OperationAsync(
            operation, it => IsOver(it) || ((string?)it["state"] == "waiting" && (string?)StepOf(it, step)["state"] == "waiting"));
        Assert.True((string?)waiting["state"] == "waiting" && waiting["error"] is null, waiting.ToJsonString());
    }

    private async Task EndsAsync(Guid operation, string state)
    {
        var ended = await application.OperationAsync(operation, IsOver);
        Assert.True((string?)ended["state"] == state, ended.ToJsonString());
    }

    private static bool IsOver(JsonNode operation) =>
        (string?)operation["state"] is "succeeded" or "failed" or "cancelled" or "rolled-back" or "died";

    private static JsonNode StepOf(JsonNode operation, string name) => operation["steps"]!.AsArray()
        .SelectMany(step => step!["parts"] is JsonArray parts ? parts.Prepend(step) : [step])
        .Single(step => (string?)step!["name"] == name)!;

    private async Task<List<JsonNode?>> AlertsAsync(Guid subject) =>
        [.. (await application.GetAsync("alerts"))["items"]!.AsArray().Where(alert => (string?)alert!["subject"] == subject.ToString())];

    // Everything of a tenant carries the second half of its id in its name.
    private async Task<IReadOnlyList<string>> AppsAsync(Guid tenant) =>
        [.. (await application.ResourcesAsync("fly", "app")).Select(app => (string)app["name"]!)
            .Where(name => name.Contains($"{tenant:n}"[16..], StringComparison.Ordinal)).Order(StringComparer.Ordinal)];

    private async Task<string> RegionAsync(Guid tenant) =>
        (string)(await application.GetAsync($"tenants/{tenant}"))["infrastructure"]!["region"]!;

    private async Task<string?> VehicleAsync(Guid tenant) =>
        (string?)(await application.GetAsync($"tenants/{tenant}/vehicles/v1"))["name"];

    private async Task<Guid> RelocateAsync(Guid tenant, string from) =>
        await StartAsync(tenant, new { kind = "relocate", region = from == "ams" ? "fra" : "ams" });

    private Task<Guid> FailOverAsync(Guid tenant) => StartAsync(tenant, new { kind = "emergency", force = true });

    private async Task<Guid> StartAsync(Guid tenant, object request)
    {
        var (status, accepted) = await application.PostAsync($"tenants/{tenant}/migrations", request);
        Assert.True(status == HttpStatusCode.Accepted, accepted?.ToJsonString());
        return (Guid)accepted!["operationId"]!;
    }

    private async Task SetStateAsync(Guid operation, OperationState state)
    {
        await using var connection = await application.Services.GetRequiredService<ControlDatabase>().OpenAsync();
        await connection.Sql("UPDATE operations SET state = $2 WHERE id = $1", operation, state).RunAsync();
    }

    private async Task<(Guid Tenant, string Region)> AddTenantAsync()
    {
        var (tenant, provisioning) = await application.SignUpStarterAsync();
        await EndsAsync(provisioning, "succeeded");
        using var vehicle = await application.Http.PutAsJsonAsync($"tenants/{tenant}/vehicles/v1", new { name = "Van" });
        vehicle.EnsureSuccessStatusCode();
        return (tenant, await RegionAsync(tenant));
    }
}
