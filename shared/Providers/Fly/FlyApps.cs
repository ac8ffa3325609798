using Microsoft.Extensions.Options;

namespace WebHost.Providers.Fly;

/// <summary>The apps of our organization, their addresses and secrets.</summary>
/// <remarks>
/// App names are one namespace for all of Fly. An app is ours when its name begins with <see cref="NamePrefix"/>, our
/// organization owns it and it is on the network that its name implies; anything else is refused, never adopted.
/// </remarks>
public sealed class FlyApps
{
    /// <summary>Begins the name of every app of ours.</summary>
    public const string NamePrefix = "webhost-";

    private readonly IMachinesApi _api;
    private readonly FlyMachines _machines;
    private readonly FlyVolumes _volumes;
    private readonly string _organization;

    internal FlyApps(IMachinesApi api, FlyMachines machines, FlyVolumes volumes, IOptions<ProvidersOptions> options)
    {
        _api = api;
        _machines = machines;
        _volumes = volumes;
        _organization = options.Value.Fly.Organization;
    }

    /// <summary>The app of that name on that private network: found when it exists, made when it does not.</summary>
    /// <exception cref="ProviderException">
    /// <see cref="ProviderErrorKind.Conflict"/> when someone else has the name, or ours is on another network.
    /// </exception>
    public async Task<FlyApp> EnsureAppAsync(string name, string network, CancellationToken cancellationToken = default)
    {
        RequireOurName(name);
        ArgumentException.ThrowIfNullOrWhiteSpace(network);
        if (await FindOursAsync(name, cancellationToken) is not { } app)
        {
            try
            {
                await _api.CreateApp(new CreateAppRequest(name, _organization, network), cancellationToken);
                return new FlyApp(name, network);
            }
            catch (ProviderException error) when (error.Code == FlyErrors.NameTaken)
            {
                // Ours from a call whose answer was lost, or somebody else's: only a look can tell.
                app = await FindOursAsync(name, cancellationToken);
                if (app is null)
                {
                    throw;
                }
            }
        }

        return app.Network == network
            ? app
            : throw FlyErrors.Refuse(nameof(IMachinesApi.CreateApp), $"app {name} is on network {app.Network}, not on {network}");
    }

    /// <summary>The app of that name, or null when there is none of ours.</summary>
    /// <exception cref="ProviderException">
    /// <see cref="ProviderErrorKind.Conflict"/> when an app of that name belongs to another organization.
    /// </exception>
    public Task<FlyApp?> FindAppAsync(string name, CancellationToken cancellationToken = default)
    {
        RequireOurName(name);
        return FindOursAsync(name, cancellationToken);
    }

    /// <summary>The names of all apps of ours.</summary>
    /// <exception cref="ProviderException">Fly refused or did not answer.</exception>
    public async Task<IReadOnlyList<string>> ListAsync(CancellationToken cancellationToken = default)
    {
        var answer = await _api.ListApps(_organization, cancellationToken);
        return [.. answer.Apps.Select(app => app.Name).Where(name => name.StartsWith(NamePrefix, StringComparison.Ordinal))];
    }

    /// <summary>Deletes the app with its machines, volumes, addresses and certificates; its absence is success.</summary>
    /// <exception cref="ProviderException">Fly refused, did not answer, or the app is not ours.</exception>
    public async Task DeleteAppAsync(string name, CancellationToken cancellationToken = default)
    {
        RequireOurName(name);
        if (await FindOursAsync(name, cancellationToken) is null)
        {
            return;
        }

        foreach (var machine in await _machines.ListAsync(name, cancellationToken))
        {
            await _machines.DeleteMachineAsync(name, machine.Id, cancellationToken: cancellationToken);
        }

        foreach (var volume in await _volumes.ListAsync(name, cancellationToken))
        {
            await _volumes.DeleteVolumeAsync(name, volume.Id, cancellationToken);
        }

        await FlyErrors.IgnoreAbsenceAsync(_api.DeleteApp(name, cancellationToken));
    }

    /// <summary>Sets secrets for machines that start from now on; a null value removes one.</summary>
    /// <returns>The version of the secrets, for <see cref="FlyMachineRequest.MinSecretsVersion"/>.</returns>
    /// <exception cref="ProviderException">Fly refused or did not answer.</exception>
    public async Task<long> SetSecretsAsync(
        string app, IReadOnlyDictionary<string, string?> secrets, CancellationToken cancellationToken = default)
    {
        RequireOurName(app);
        var answer = await _api.UpdateSecrets(app, new AppSecretsUpdateRequest(secrets), cancellationToken);
        return answer.Version;
    }

    /// <summary>The IPv4 address that the app shares with others; free of charge.</summary>
    /// <exception cref="ProviderException">Fly refused or did not answer.</exception>
    public Task<string> EnsureSharedIpAsync(string app, CancellationToken cancellationToken = default) =>
        EnsureIpAsync(app, new AssignIpRequest("shared_v4", null, null), ip => ip.Shared, cancellationToken);

    /// <summary>The app's own public IPv6 address.</summary>
    /// <exception cref="ProviderException">Fly refused or did not answer.</exception>
    public Task<string> EnsureIpv6Async(string app, CancellationToken cancellationToken = default) =>
        EnsureIpAsync(
            app,
            new AssignIpRequest("v6", null, null),
            ip => !ip.Shared && ip.Ip.Contains(':', StringComparison.Ordinal) && !IsPrivate(ip),
            cancellationToken);

    /// <summary>The app's address inside a private network (Flycast).</summary>
    /// <param name="network">Must be said: it does not follow from the app's own network.</param>
    /// <exception cref="ProviderException">Fly refused or did not answer.</exception>
    public Task<string> EnsurePrivateIpAsync(string app, string network, CancellationToken cancellationToken = default)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(network);
        return EnsureIpAsync(app, new AssignIpRequest("private_v6", network, null), IsPrivate, cancellationToken);
    }

    private static bool IsPrivate(IpAssignment ip) => ip.Ip.StartsWith("fdaa:", StringComparison.OrdinalIgnoreCase);

    private static void RequireOurName(string name)
    {
        if (!name.StartsWith(NamePrefix, StringComparison.Ordinal))
        {
            throw new ArgumentException($"An app of ours has a name that begins with '{NamePrefix}', not '{name}'.", nameof(name));
        }
    }

    private async Task<FlyApp?> FindOursAsync(string name, CancellationToken cancellationToken)
    {
        var app = await FlyErrors.NullWhenAbsentAsync(_api.ShowApp(name, cancellationToken));
        if (app is null || app.Status is "deleted" or "destroyed")
        {
            return null;
        }

        return app.Organization.Slug == _organization
            ? new FlyApp(app.Name, app.Network ?? "")
            : throw FlyErrors.Refuse(
                nameof(IMachinesApi.ShowApp),
                $"app {name} belongs to organization {app.Organization.Slug}, not to {_organization}");
    }

    private async Task<string> EnsureIpAsync(
        string app, AssignIpRequest request, Func<IpAssignment, bool> fits, CancellationToken cancellationToken)
    {
        RequireOurName(app);
        var present = (await _api.ListIpAssignments(app, cancellationToken)).Ips?.FirstOrDefault(fits);
        return (present ?? await _api.AssignIp(app, request, cancellationToken)).Ip;
    }
}
