namespace WebHost.Providers.Fly;

/// <summary>The certificates with which Fly's proxy serves our hostnames.</summary>
public sealed class FlyCertificates
{
    private readonly IMachinesApi _api;

    internal FlyCertificates(IMachinesApi api)
    {
        _api = api;
    }

    /// <summary>A certificate for the hostname on that app: found when it was asked for before, asked for when not.</summary>
    /// <remarks>Fly issues it once the hostname's DNS leads to the app: see <see cref="CheckAsync"/>.</remarks>
    /// <exception cref="ProviderException">Fly refused or did not answer.</exception>
    public async Task<FlyCertificate> EnsureCertificateAsync(
        string app, string hostname, CancellationToken cancellationToken = default)
    {
        if (await ProviderErrors.NullWhenAbsentAsync(_api.ShowCertificate(app, hostname, cancellationToken)) is { } present)
        {
            return present;
        }

        try
        {
            return await _api.RequestAcmeCertificate(app, new CreateAcmeCertificateRequest(hostname), cancellationToken);
        }
        catch (ProviderException error) when (error.Kind is ProviderErrorKind.Conflict or ProviderErrorKind.Permanent)
        {
            // Asked for between our look and our call, or truly refused: then the look finds nothing and the reason stands.
            if (await ProviderErrors.NullWhenAbsentAsync(_api.ShowCertificate(app, hostname, cancellationToken)) is { } asked)
            {
                return asked;
            }

            throw;
        }
    }

    /// <summary>Makes Fly look at the hostname's DNS again.</summary>
    /// <exception cref="ProviderException">Fly refused or did not answer.</exception>
    public Task<FlyCertificate> CheckAsync(string app, string hostname, CancellationToken cancellationToken = default) =>
        _api.CheckCertificate(app, hostname, cancellationToken);

    /// <summary>Removes the hostname from the app; its absence is success.</summary>
    /// <exception cref="ProviderException">Fly refused or did not answer.</exception>
    public Task DeleteCertificateAsync(string app, string hostname, CancellationToken cancellationToken = default) =>
        ProviderErrors.IgnoreAbsenceAsync(_api.DeleteCertificate(app, hostname, cancellationToken));
}
