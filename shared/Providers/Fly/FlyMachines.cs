namespace WebHost.Providers.Fly;

/// <summary>The machines of our apps.</summary>
/// <remarks>
/// A machine's name is unique in its app, so a name that follows from tenant and epoch makes a repeat find what an earlier
/// attempt made. Only a machine whose metadata names the same tenant is adopted.
/// </remarks>
public sealed class FlyMachines
{
    /// <summary>The metadata key that names the tenant.</summary>
    public const string TenantMark = "webhost_tenant";

    /// <summary>The metadata key that names the operation that made the machine.</summary>
    public const string OperationMark = "webhost_operation";

    // What Fly's own wait endpoint allows.
    private static readonly TimeSpan LongestWait = TimeSpan.FromSeconds(60);

    private readonly IMachinesApi _api;
    private readonly TimeProvider _time;

    internal FlyMachines(IMachinesApi api, TimeProvider time)
    {
        _api = api;
        _time = time;
    }

    /// <summary>The machine of that name: found when it exists and is the tenant's, made when it does not exist.</summary>
    /// <remarks>It is on its way, not yet started: see <see cref="WaitStartedAsync"/>.</remarks>
    /// <exception cref="ProviderException">
    /// <see cref="ProviderErrorKind.Conflict"/> when a machine of that name is not this tenant's;
    /// <see cref="ProviderErrorKind.Capacity"/> when the region or the volume's host has no room.
    /// </exception>
    public async Task<FlyMachine> EnsureMachineAsync(
        string app, FlyMachineRequest request, ResourceOwner owner, CancellationToken cancellationToken = default)
    {
        if (await FindMachineAsync(app, request.Name, cancellationToken) is { } present)
        {
            return Adopt(app, present, owner);
        }

        try
        {
            return await _api.CreateMachine(
                app,
                new CreateMachineRequest(
                    request.Name,
                    request.Region,
                    Marked(request.Config, owner),
                    request.MinSecretsVersion,
                    request.StartCordoned ? true : null),
                cancellationToken);
        }
        catch (ProviderException error) when (error.Code == FlyErrors.AlreadyExists)
        {
            // Another attempt was faster than our look.
            if (await FindMachineAsync(app, request.Name, cancellationToken) is { } other)
            {
                return Adopt(app, other, owner);
            }

            throw;
        }
    }

    /// <summary>The machine of that name, or null.</summary>
    /// <exception cref="ProviderException">Fly refused or did not answer.</exception>
    public async Task<FlyMachine?> FindMachineAsync(string app, string name, CancellationToken cancellationToken = default) =>
        (await ListAsync(app, cancellationToken)).FirstOrDefault(machine => machine.Name == name);

    /// <summary>The machines of an app, without those that are destroyed; none when there is no such app.</summary>
    /// <exception cref="ProviderException">Fly refused or did not answer.</exception>
    public async Task<IReadOnlyList<FlyMachine>> ListAsync(string app, CancellationToken cancellationToken = default)
    {
        var machines = await ProviderErrors.NullWhenAbsentAsync(_api.ListMachines(app, cancellationToken));
        return [.. (machines ?? []).Where(machine => machine.State is not ("destroyed" or "destroying"))];
    }

    /// <summary>Returns when the machine has started.</summary>
    /// <exception cref="ProviderException">
    /// <see cref="ProviderErrorKind.Transient"/> when it has not within <paramref name="limit"/>;
    /// <see cref="ProviderErrorKind.Permanent"/> when it never will.
    /// </exception>
    public Task WaitStartedAsync(
        string app, FlyMachine machine, TimeSpan limit, CancellationToken cancellationToken = default) =>
        WaitAsync(app, machine, "started", limit, cancellationToken);

    /// <summary>Returns when the machine has stopped.</summary>
    /// <exception cref="ProviderException"><see cref="ProviderErrorKind.Transient"/> when it has not within the limit.</exception>
    public Task WaitStoppedAsync(
        string app, FlyMachine machine, TimeSpan limit, CancellationToken cancellationToken = default) =>
        WaitAsync(app, machine, "stopped", limit, cancellationToken);

    /// <summary>Replaces a machine's whole configuration.</summary>
    /// <exception cref="ProviderException">
    /// <see cref="ProviderErrorKind.Conflict"/> when it changed since <paramref name="machine"/> was read or another holds its lease.
    /// </exception>
    public Task<FlyMachine> UpdateMachineAsync(
        string app,
        FlyMachine machine,
        FlyMachineConfig config,
        ResourceOwner owner,
        long? minSecretsVersion = null,
        string? leaseNonce = null,
        CancellationToken cancellationToken = default) =>
        _api.UpdateMachine(
            app,
            Adopt(app, machine, owner).Id,
            new UpdateMachineRequest(Marked(config, owner), machine.InstanceId, minSecretsVersion, null),
            leaseNonce,
            cancellationToken);

    /// <summary>Starts a stopped machine; a started one stays so.</summary>
    /// <exception cref="ProviderException">Fly refused or did not answer.</exception>
    public Task StartAsync(
        string app, string machineId, string? leaseNonce = null, CancellationToken cancellationToken = default) =>
        _api.StartMachine(app, machineId, leaseNonce, cancellationToken);

    /// <summary>Stops a machine; its volume keeps its data.</summary>
    /// <exception cref="ProviderException">Fly refused or did not answer.</exception>
    public Task StopAsync(
        string app, string machineId, string? leaseNonce = null, CancellationToken cancellationToken = default) =>
        _api.StopMachine(app, machineId, leaseNonce, cancellationToken);

    /// <summary>Takes a machine out of the proxy's routing.</summary>
    /// <exception cref="ProviderException">Fly refused or did not answer.</exception>
    public Task CordonAsync(
        string app, string machineId, string? leaseNonce = null, CancellationToken cancellationToken = default) =>
        _api.CordonMachine(app, machineId, leaseNonce, cancellationToken);

    /// <summary>Brings a machine into the proxy's routing.</summary>
    /// <exception cref="ProviderException">Fly refused or did not answer.</exception>
    public Task UncordonAsync(
        string app, string machineId, string? leaseNonce = null, CancellationToken cancellationToken = default) =>
        _api.UncordonMachine(app, machineId, leaseNonce, cancellationToken);

    /// <summary>Takes the only right to change a machine, for <paramref name="duration"/>.</summary>
    /// <param name="description">Says to others who holds it.</param>
    /// <returns>The nonce that the changes must carry.</returns>
    /// <exception cref="ProviderException"><see cref="ProviderErrorKind.Conflict"/> when another holds it.</exception>
    public async Task<string> AcquireLeaseAsync(
        string app, string machineId, TimeSpan duration, string description, CancellationToken cancellationToken = default)
    {
        var request = new CreateLeaseRequest((int)Math.Ceiling(duration.TotalSeconds), description);
        return (await _api.CreateLease(app, machineId, request, cancellationToken)).Data.Nonce;
    }

    /// <summary>Gives the right back; a lease that ran out is as good.</summary>
    /// <exception cref="ProviderException">Fly refused or did not answer.</exception>
    public Task ReleaseLeaseAsync(
        string app, string machineId, string leaseNonce, CancellationToken cancellationToken = default) =>
        ProviderErrors.IgnoreAbsenceAsync(_api.ReleaseLease(app, machineId, leaseNonce, cancellationToken));

    /// <summary>Destroys a machine, started or not, and returns when it is gone; its absence is success. Its volume stays.</summary>
    /// <exception cref="ProviderException">Fly refused or did not answer.</exception>
    public async Task DeleteMachineAsync(
        string app, string machineId, string? leaseNonce = null, CancellationToken cancellationToken = default)
    {
        await ProviderErrors.IgnoreAbsenceAsync(
            _api.DeleteMachine(app, machineId, force: true, leaseNonce, cancellationToken));

        // Until then it holds its volume.
        await ProviderErrors.IgnoreAbsenceAsync(
            _api.WaitMachine(app, machineId, "destroyed", null, (int)LongestWait.TotalSeconds, cancellationToken));
    }

    private static FlyMachine Adopt(string app, FlyMachine machine, ResourceOwner owner)
    {
        var tenant = machine.Config?.Metadata?.GetValueOrDefault(TenantMark);
        return tenant == owner.TenantId
            ? machine
            : throw FlyErrors.Refuse(
                nameof(IMachinesApi.CreateMachine),
                $"machine {machine.Name} of app {app} is marked for "
                + (tenant is null ? "nobody" : $"tenant {tenant}") + $", not for tenant {owner.TenantId}");
    }

    private static FlyMachineConfig Marked(FlyMachineConfig config, ResourceOwner owner) =>
        config with
        {
            Metadata = new Dictionary<string, string>(config.Metadata ?? new Dictionary<string, string>())
            {
                [TenantMark] = owner.TenantId,
                [OperationMark] = owner.OperationId,
            },
        };

    private async Task WaitAsync(
        string app, FlyMachine machine, string state, TimeSpan limit, CancellationToken cancellationToken)
    {
        var started = _time.GetTimestamp();
        while (true)
        {
            var left = limit - _time.GetElapsedTime(started);
            var wait = left < LongestWait ? left : LongestWait;
            try
            {
                await _api.WaitMachine(
                    app,
                    machine.Id,
                    state,
                    machine.InstanceId,
                    Math.Max(1, (int)Math.Ceiling(wait.TotalSeconds)),
                    cancellationToken);
                return;
            }
            catch (ProviderException error)
                when (error.Code == FlyErrors.DeadlineExceeded && _time.GetElapsedTime(started) < limit)
            {
                var now = await _api.GetMachine(app, machine.Id, cancellationToken);
                if (now.State is "failed" or "destroyed" or "destroying")
                {
                    throw new ProviderException(
                        FlyErrors.Name,
                        nameof(IMachinesApi.WaitMachine),
                        new ProviderError(
                            ProviderErrorKind.Permanent, $"machine {machine.Name} of app {app} is {now.State}, not {state}")
                        {
                            Code = now.State,
                        });
                }
            }
        }
    }
}
