namespace WebHost.Providers.Fly;

/// <summary>The volumes of our apps.</summary>
public sealed class FlyVolumes
{
    // A machine that was just destroyed holds its volume for a moment longer.
    private static readonly TimeSpan DetachPoll = TimeSpan.FromSeconds(1);
    private const int DetachAttempts = 10;

    private readonly IMachinesApi _api;
    private readonly TimeProvider _time;

    internal FlyVolumes(IMachinesApi api, TimeProvider time)
    {
        _api = api;
        _time = time;
    }

    /// <summary>The volume of that name in that app and region: found when it exists, made when it does not.</summary>
    /// <exception cref="ProviderException">Fly refused or did not answer.</exception>
    public async Task<FlyVolume> EnsureVolumeAsync(
        string app, FlyVolumeRequest request, CancellationToken cancellationToken = default)
    {
        // Fly lets many volumes have one name, so the look is all that keeps a repeat from making a second.
        var present = (await ListAsync(app, cancellationToken))
            .Where(volume => volume.Name == request.Name && volume.Region == request.Region)
            .OrderByDescending(volume => volume.AttachedMachineId is not null)
            .ThenBy(volume => volume.Id, StringComparer.Ordinal)
            .FirstOrDefault();
        return present ?? await _api.CreateVolume(
            app,
            new CreateVolumeRequest(
                request.Name,
                request.Region,
                request.SizeGb,
                Encrypted: true,
                request.SnapshotRetention,
                request.RequireUniqueZone,
                request.UniqueZoneAppWide,
                request.Compute,
                request.SourceVolumeId),
            cancellationToken);
    }

    /// <summary>The volumes of an app, without those that are being destroyed; none when there is no such app.</summary>
    /// <exception cref="ProviderException">Fly refused or did not answer.</exception>
    public async Task<IReadOnlyList<FlyVolume>> ListAsync(string app, CancellationToken cancellationToken = default)
    {
        var volumes = await ProviderErrors.NullWhenAbsentAsync(_api.ListVolumes(app, cancellationToken));
        return [.. (volumes ?? []).Where(volume => !volume.State.Contains("destroy", StringComparison.Ordinal))];
    }

    /// <summary>Makes a volume at least that large; volumes never shrink.</summary>
    /// <returns>Whether the machine must restart to see the new size.</returns>
    /// <exception cref="ProviderException">Fly refused or did not answer.</exception>
    public async Task<bool> ExtendVolumeAsync(
        string app, FlyVolume volume, int sizeGb, CancellationToken cancellationToken = default) =>
        volume.SizeGb < sizeGb
        && (await _api.ExtendVolume(app, volume.Id, new ExtendVolumeRequest(sizeGb), cancellationToken)).NeedsRestart;

    /// <summary>Deletes a volume and what is on it; its absence is success.</summary>
    /// <exception cref="ProviderException">
    /// <see cref="ProviderErrorKind.Conflict"/> when a machine keeps holding it.
    /// </exception>
    public async Task DeleteVolumeAsync(string app, string volumeId, CancellationToken cancellationToken = default)
    {
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                await ProviderErrors.IgnoreAbsenceAsync(_api.DeleteVolume(app, volumeId, cancellationToken));
                return;
            }
            catch (ProviderException error) when (error.Code == FlyErrors.FailedPrecondition && attempt < DetachAttempts)
            {
                await Task.Delay(DetachPoll, _time, cancellationToken);
            }
        }
    }
}
