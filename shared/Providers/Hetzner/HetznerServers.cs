using System.Globalization;

namespace WebHost.Providers.Hetzner;

/// <summary>The dedicated servers of our account.</summary>
public sealed class HetznerServers
{
    private readonly IRobotApi _api;

    internal HetznerServers(IRobotApi api)
    {
        _api = api;
    }

    /// <summary>All servers of the account.</summary>
    /// <exception cref="ProviderException">Robot refused or did not answer.</exception>
    public async Task<IReadOnlyList<HetznerServer>> ListAsync(CancellationToken cancellationToken = default)
    {
        // Robot answers an empty list with 404.
        var servers = await ProviderErrors.NullWhenAbsentAsync(_api.ListServers(cancellationToken));
        return [.. (servers ?? []).Select(answer => Describe(answer.Server))];
    }

    /// <summary>The server of that number, or null.</summary>
    /// <exception cref="ProviderException">Robot refused or did not answer.</exception>
    public async Task<HetznerServer?> FindAsync(int number, CancellationToken cancellationToken = default) =>
        await ProviderErrors.NullWhenAbsentAsync(_api.GetServer(number, cancellationToken)) is { } answer
            ? Describe(answer.Server)
            : null;

    /// <summary>Gives a server our name for it.</summary>
    /// <exception cref="ProviderException">Robot refused or did not answer.</exception>
    public Task RenameAsync(int number, string name, CancellationToken cancellationToken = default) =>
        _api.RenameServer(number, new RobotForm().Add("server_name", name).ToContent(), cancellationToken);

    /// <summary>Prepares an installation that begins with the server's next reset, and resets it.</summary>
    /// <param name="distribution">One of the names that Robot offers for the server.</param>
    /// <param name="keyFingerprints">SSH keys that may log in; without any, Robot would make up a password.</param>
    /// <exception cref="ProviderException">Robot refused or did not answer.</exception>
    public async Task InstallAsync(
        int number,
        string distribution,
        IReadOnlyCollection<string> keyFingerprints,
        CancellationToken cancellationToken = default)
    {
        ArgumentOutOfRangeException.ThrowIfZero(keyFingerprints.Count);
        if (!(await _api.GetLinux(number, cancellationToken)).Linux.Active)
        {
            var form = new RobotForm().Add("dist", distribution).Add("lang", "en").AddList("authorized_key", keyFingerprints);
            await _api.ActivateLinux(number, form.ToContent(), cancellationToken);
        }

        await _api.ResetServer(number, new RobotForm().Add("type", "hw").ToContent(), cancellationToken);
    }

    /// <summary>Replaces the server's firewall rules and turns the firewall on; takes effect within a minute.</summary>
    /// <exception cref="ProviderException">
    /// <see cref="ProviderErrorKind.Transient"/> while an earlier change is being applied.
    /// </exception>
    public Task SetFirewallAsync(
        int number, HetznerFirewallRules rules, CancellationToken cancellationToken = default) =>
        _api.SetFirewall(number, rules.ToForm(), cancellationToken);

    /// <summary>Whether the last change of the firewall is in effect.</summary>
    /// <exception cref="ProviderException">Robot refused or did not answer.</exception>
    public async Task<bool> IsFirewallActiveAsync(int number, CancellationToken cancellationToken = default) =>
        (await _api.GetFirewall(number, cancellationToken)).Firewall.Status == "active";

    /// <summary>Gives a server back at the earliest possible date; one that is cancelled already stays so.</summary>
    /// <returns>The day on which it ends.</returns>
    /// <exception cref="ProviderException">Robot refused or did not answer.</exception>
    public async Task<DateOnly> CancelAsync(int number, CancellationToken cancellationToken = default)
    {
        var now = (await _api.GetCancellation(number, cancellationToken)).Cancellation;
        if (now is { Cancelled: true, CancellationDate: { } date })
        {
            return date;
        }

        var form = new RobotForm().Add(
            "cancellation_date", now.EarliestCancellationDate.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture));
        var cancelled = (await _api.CancelServer(number, form.ToContent(), cancellationToken)).Cancellation;
        return cancelled.CancellationDate ?? now.EarliestCancellationDate;
    }

    /// <summary>Keeps a server that was to be given back.</summary>
    /// <exception cref="ProviderException">Robot refused or did not answer.</exception>
    public Task WithdrawCancellationAsync(int number, CancellationToken cancellationToken = default) =>
        _api.WithdrawCancellation(number, cancellationToken);

    private static HetznerServer Describe(Server server) => new(
        server.ServerNumber,
        string.IsNullOrEmpty(server.ServerIp) ? null : server.ServerIp,
        server.ServerName,
        server.Product,
        server.Dc,
        server.Status == "ready",
        server.Cancelled);
}
