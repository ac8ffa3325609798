using WebHost.Providers;
using WebHost.Providers.Fly;
using WebHost.Testing;

namespace WebHost.Local.Providers.Tests.Fly;

public sealed class FlyMachinesTests(Simulators simulators) : IClassFixture<Simulators>
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);

    private static readonly FlyMachineConfig AppConfig = new()
    {
        Image = "registry.fly.io/webhost-app:1",
        Guest = new FlyGuest("shared", 1, 256),
        Env = new Dictionary<string, string> { ["TENANT"] = "one" },
    };

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    private FlyMachines Machines => simulators.Client<FlyMachines>();

    [Fact]
    public async Task EnsureMachine_makes_it_once_with_the_owners_mark_and_finds_it_again()
    {
        var (app, owner) = await NewAppAsync();

        var made = await Machines.EnsureMachineAsync(app, Request(), owner, Cancelled);
        var found = await Machines.EnsureMachineAsync(app, Request(), owner, Cancelled);
        await Machines.WaitStartedAsync(app, made, Limit, Cancelled);

        Assert.Equal(made.Id, found.Id);
        var machine = Assert.Single(await Machines.ListAsync(app, Cancelled));
        Assert.Equal("started", machine.State);
        Assert.Equal(owner.TenantId, machine.Config!.Metadata![FlyMachines.TenantMark]);
        Assert.Equal(owner.OperationId, machine.Config.Metadata[FlyMachines.OperationMark]);
        Assert.Equal("one", machine.Config.Env!["TENANT"]);
    }

    [Fact]
    public async Task EnsureMachine_whose_answer_was_lost_is_not_made_twice()
    {
        var (app, owner) = await NewAppAsync();
        await simulators.OrderFaultAsync("Fly", "CreateMachine", "lost-response");

        var lost = await Assert.ThrowsAsync<ProviderException>(() => Machines.EnsureMachineAsync(app, Request(), owner, Cancelled));
        var adopted = await Machines.EnsureMachineAsync(app, Request(), owner, Cancelled);

        Assert.Equal((ProviderErrorKind.Transient, "CreateMachine"), (lost.Kind, lost.Operation));
        Assert.Equal(adopted.Id, Assert.Single(await Machines.ListAsync(app, Cancelled)).Id);
    }

    [Fact]
    public async Task EnsureMachine_by_two_at_once_makes_one_machine()
    {
        var (app, owner) = await NewAppAsync();

        var both = await Task.WhenAll(
            Machines.EnsureMachineAsync(app, Request(), owner, Cancelled),
            Machines.EnsureMachineAsync(app, Request(), owner, Cancelled));

        Assert.Equal(both[0].Id, both[1].Id);
        Assert.Single(await Machines.ListAsync(app, Cancelled));
    }

    [Fact]
    public async Task EnsureMachine_refuses_a_machine_of_another_tenant()
    {
        var (app, owner) = await NewAppAsync();
        await Machines.EnsureMachineAsync(app, Request(), owner, Cancelled);

        var refused = await Assert.ThrowsAsync<ProviderException>(
            () => Machines.EnsureMachineAsync(app, Request(), Simulators.NewOwner(), Cancelled));

        Assert.Equal(ProviderErrorKind.Conflict, refused.Kind);
        Assert.Contains(owner.TenantId, refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task EnsureMachine_without_room_says_capacity_in_Flys_words()
    {
        var (app, owner) = await NewAppAsync();
        await simulators.OrderFaultAsync("Fly", "CreateMachine", "capacity");

        var refused = await Assert.ThrowsAsync<ProviderException>(() => Machines.EnsureMachineAsync(app, Request(), owner, Cancelled));

        Assert.Equal((ProviderErrorKind.Capacity, "insufficient_capacity"), (refused.Kind, refused.Code));
        Assert.Contains("insufficient resources", refused.Message, StringComparison.Ordinal);
        Assert.NotNull(refused.RequestId);
        Assert.Empty(await Machines.ListAsync(app, Cancelled));
    }

    [Fact]
    public async Task WaitStarted_of_a_machine_that_failed_ends_at_once_with_permanent()
    {
        var app = Simulators.NewAppName();
        await simulators.Client<FlyApps>().EnsureAppAsync(app, app, Cancelled);
        // PostgreSQL without the password it asks for.
        var machine = await Machines.EnsureMachineAsync(
            app, new FlyMachineRequest("db", "fra", SimulatedDatabases.PostgresConfig(null)), Simulators.NewOwner(), Cancelled);

        var failed = await Assert.ThrowsAsync<ProviderException>(() => Machines.WaitStartedAsync(app, machine, Limit, Cancelled));

        Assert.Equal((ProviderErrorKind.Permanent, "failed"), (failed.Kind, failed.Code));
    }

    [Fact]
    public async Task WaitStopped_of_a_machine_that_runs_on_ends_as_transient_after_its_limit()
    {
        var (app, owner) = await NewAppAsync();
        var machine = await Machines.EnsureMachineAsync(app, Request(), owner, Cancelled);
        await Machines.WaitStartedAsync(app, machine, Limit, Cancelled);

        var late = await Assert.ThrowsAsync<ProviderException>(
            () => Machines.WaitStoppedAsync(app, machine, TimeSpan.FromSeconds(1), Cancelled));

        Assert.Equal((ProviderErrorKind.Transient, "deadline_exceeded"), (late.Kind, late.Code));
    }

    [Fact]
    public async Task Stop_and_start_bring_a_machine_down_and_up()
    {
        var (app, owner) = await NewAppAsync();
        var machine = await Machines.EnsureMachineAsync(app, Request(), owner, Cancelled);
        await Machines.WaitStartedAsync(app, machine, Limit, Cancelled);

        await Machines.StopAsync(app, machine.Id, cancellationToken: Cancelled);
        await Machines.WaitStoppedAsync(app, machine, Limit, Cancelled);
        await Machines.StartAsync(app, machine.Id, cancellationToken: Cancelled);
        await Machines.WaitStartedAsync(app, machine, Limit, Cancelled);
    }

    [Fact]
    public async Task Lease_keeps_everyone_else_from_changing_the_machine()
    {
        var (app, owner) = await NewAppAsync();
        var machine = await Machines.EnsureMachineAsync(app, Request(), owner, Cancelled);
        var nonce = await Machines.AcquireLeaseAsync(app, machine.Id, TimeSpan.FromSeconds(30), "migration", Cancelled);

        var held = await Assert.ThrowsAsync<ProviderException>(
            () => Machines.CordonAsync(app, machine.Id, cancellationToken: Cancelled));
        await Machines.CordonAsync(app, machine.Id, nonce, Cancelled);
        await Machines.ReleaseLeaseAsync(app, machine.Id, nonce, Cancelled);
        await Machines.ReleaseLeaseAsync(app, machine.Id, nonce, Cancelled);
        var cordoned = await Machines.FindMachineAsync(app, machine.Name, Cancelled);
        await Machines.UncordonAsync(app, machine.Id, cancellationToken: Cancelled);

        Assert.Equal(ProviderErrorKind.Conflict, held.Kind);
        Assert.True(cordoned!.Cordoned);
        Assert.False((await Machines.FindMachineAsync(app, machine.Name, Cancelled))!.Cordoned);
    }

    [Fact]
    public async Task UpdateMachine_replaces_the_configuration_unless_it_changed_meanwhile()
    {
        var (app, owner) = await NewAppAsync();
        var machine = await Machines.EnsureMachineAsync(app, Request(), owner, Cancelled);
        await Machines.WaitStartedAsync(app, machine, Limit, Cancelled);

        var updated = await Machines.UpdateMachineAsync(
            app, machine, AppConfig with { Image = "registry.fly.io/webhost-app:2" }, owner, cancellationToken: Cancelled);
        await Machines.WaitStartedAsync(app, updated, Limit, Cancelled);
        var stale = await Assert.ThrowsAsync<ProviderException>(
            () => Machines.UpdateMachineAsync(app, machine, AppConfig, owner, cancellationToken: Cancelled));

        Assert.NotEqual(machine.InstanceId, updated.InstanceId);
        Assert.Equal("registry.fly.io/webhost-app:2", (await Machines.FindMachineAsync(app, machine.Name, Cancelled))!.Config!.Image);
        Assert.Equal(ProviderErrorKind.Conflict, stale.Kind);
    }

    [Fact]
    public async Task DeleteMachine_returns_when_it_is_gone_and_may_be_repeated()
    {
        var (app, owner) = await NewAppAsync();
        var machine = await Machines.EnsureMachineAsync(app, Request(), owner, Cancelled);

        await Machines.DeleteMachineAsync(app, machine.Id, cancellationToken: Cancelled);
        await Machines.DeleteMachineAsync(app, machine.Id, cancellationToken: Cancelled);

        Assert.Empty(await Machines.ListAsync(app, Cancelled));
    }

    [Fact]
    public async Task EnsureVolume_whose_answer_was_lost_is_not_made_twice_although_names_are_not_unique()
    {
        var (app, _) = await NewAppAsync();
        var volumes = simulators.Client<FlyVolumes>();
        var request = new FlyVolumeRequest("pg_data", "fra", 10);
        await simulators.OrderFaultAsync("Fly", "CreateVolume", "lost-response");

        await Assert.ThrowsAsync<ProviderException>(() => volumes.EnsureVolumeAsync(app, request, Cancelled));
        var adopted = await volumes.EnsureVolumeAsync(app, request, Cancelled);

        Assert.Equal(adopted.Id, Assert.Single(await volumes.ListAsync(app, Cancelled)).Id);
    }

    [Fact]
    public async Task DeleteVolume_waits_for_its_machine_to_let_go_of_it()
    {
        var app = Simulators.NewAppName();
        var (machine, volume) = await simulators.StartDatabaseAsync(app, Simulators.NewOwner(), "secret-1");
        var volumes = simulators.Client<FlyVolumes>();

        var deletion = volumes.DeleteVolumeAsync(app, volume.Id, Cancelled);
        await Eventually.IsTrueAsync(async () => await simulators.CountCallsAsync("DeleteVolume") > 0);
        Assert.Single(await volumes.ListAsync(app, Cancelled));
        await Machines.DeleteMachineAsync(app, machine.Id, cancellationToken: Cancelled);
        await deletion;

        Assert.Empty(await volumes.ListAsync(app, Cancelled));
        await volumes.DeleteVolumeAsync(app, volume.Id, Cancelled);
    }

    [Fact]
    public async Task ExtendVolume_grows_it_and_never_shrinks_it()
    {
        var (app, _) = await NewAppAsync();
        var volumes = simulators.Client<FlyVolumes>();
        var volume = await volumes.EnsureVolumeAsync(app, new FlyVolumeRequest("pg_data", "fra", 10), Cancelled);

        await volumes.ExtendVolumeAsync(app, volume, 20, Cancelled);
        await volumes.ExtendVolumeAsync(app, volume, 5, Cancelled);

        Assert.Equal(20, Assert.Single(await volumes.ListAsync(app, Cancelled)).SizeGb);
    }

    private static FlyMachineRequest Request() => new("app-1", "fra", AppConfig);

    private async Task<(string App, ResourceOwner Owner)> NewAppAsync()
    {
        var app = Simulators.NewAppName();
        await simulators.Client<FlyApps>().EnsureAppAsync(app, app, Cancelled);
        return (app, Simulators.NewOwner());
    }
}
