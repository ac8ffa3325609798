using Microsoft.Extensions.Options;

namespace WebHost.Providers.Cloudflare;

/// <summary>The hostnames of the tenants in our zone.</summary>
/// <remarks>
/// A record is a tenant's when its comment is that tenant's mark. Cloudflare accepts a second A record of another
/// content and then answers with both in turn, so every change first looks, and looks again afterwards.
/// </remarks>
public sealed class DnsRecords
{
    private const int Rounds = 3;
    private const int PageSize = 100;

    private readonly IDnsRecordsApi _api;
    private readonly string _zone;

    internal DnsRecords(IDnsRecordsApi api, IOptions<ProvidersOptions> options)
    {
        _api = api;
        _zone = options.Value.Cloudflare.ZoneId;
    }

    /// <summary>Makes the hostname lead to exactly one target.</summary>
    /// <inheritdoc cref="EnsureAsync(string, IReadOnlyList{DnsTarget}, ResourceOwner, CancellationToken)"/>
    public Task EnsureAsync(
        string type, string name, string content, ResourceOwner owner, CancellationToken cancellationToken = default) =>
        EnsureAsync(name, [new DnsTarget(type, content)], owner, cancellationToken);

    /// <summary>Makes the hostname lead to exactly these targets: one transaction, no moment without an answer.</summary>
    /// <exception cref="ProviderException">
    /// <see cref="ProviderErrorKind.Conflict"/> when the hostname has a record without this tenant's mark.
    /// </exception>
    public async Task EnsureAsync(
        string name, IReadOnlyList<DnsTarget> targets, ResourceOwner owner, CancellationToken cancellationToken = default)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(name);
        ArgumentOutOfRangeException.ThrowIfZero(targets.Count);
        for (var round = 1; round <= Rounds; round++)
        {
            var change = DnsChange.Between(await FindAsync(name, cancellationToken), name, targets, owner);
            if (change.IsEmpty)
            {
                return;
            }

            try
            {
                await ApplyAsync(change, cancellationToken);
            }
            catch (ProviderException error) when (
                error.Kind == ProviderErrorKind.NotFound
                || error.Code is CloudflareErrors.RecordExists or CloudflareErrors.IdenticalRecordExists)
            {
                // Someone was faster, or our own earlier call arrived after all: the next look tells.
            }
        }

        if (!DnsChange.Between(await FindAsync(name, cancellationToken), name, targets, owner).IsEmpty)
        {
            throw new ProviderException(
                CloudflareErrors.Name,
                nameof(IDnsRecordsApi.UpdateDnsRecord),
                new ProviderError(ProviderErrorKind.Transient, $"another writer keeps changing the records of {name}"));
        }
    }

    /// <summary>The records of a hostname, whoever made them.</summary>
    /// <exception cref="ProviderException">Cloudflare refused or did not answer.</exception>
    public async Task<IReadOnlyList<DnsRecord>> FindAsync(string name, CancellationToken cancellationToken = default) =>
        (await _api.ListDnsRecords(_zone, name, PageSize, cancellationToken)).Result;

    /// <summary>Deletes the tenant's records of that hostname; their absence is success, others' records stay.</summary>
    /// <exception cref="ProviderException">Cloudflare refused or did not answer.</exception>
    public async Task DeleteAsync(string name, ResourceOwner owner, CancellationToken cancellationToken = default)
    {
        foreach (var record in await FindAsync(name, cancellationToken))
        {
            if (DnsChange.IsOwnedBy(record, owner))
            {
                await ProviderErrors.IgnoreAbsenceAsync(_api.DeleteDnsRecord(_zone, record.Id, cancellationToken));
            }
        }
    }

    private Task ApplyAsync(DnsChange change, CancellationToken cancellationToken) => change switch
    {
        { Deletes: [], Patches: [], Posts: [var post] } => _api.CreateDnsRecord(_zone, post, cancellationToken),
        { Deletes: [], Patches: [var patch], Posts: [] } =>
            _api.UpdateDnsRecord(_zone, patch.Id, patch.Record, cancellationToken),
        _ => _api.BatchDnsRecords(_zone, change.ToBatch(), cancellationToken),
    };
}
