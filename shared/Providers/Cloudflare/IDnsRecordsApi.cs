using Refit;

namespace WebHost.Providers.Cloudflare;

/// <summary>Cloudflare's DNS records API, the calls we make.</summary>
internal interface IDnsRecordsApi
{
    [Get("/zones/{zoneId}/dns_records")]
    Task<Envelope<IReadOnlyList<DnsRecord>>> ListDnsRecords(
        string zoneId, string? name, [AliasAs("per_page")] int perPage, CancellationToken cancellationToken);

    [Post("/zones/{zoneId}/dns_records")]
    Task<Envelope<DnsRecord>> CreateDnsRecord(
        string zoneId, [Body] DnsRecordContent record, CancellationToken cancellationToken);

    [Patch("/zones/{zoneId}/dns_records/{recordId}")]
    Task<Envelope<DnsRecord>> UpdateDnsRecord(
        string zoneId, string recordId, [Body] DnsRecordContent record, CancellationToken cancellationToken);

    [Delete("/zones/{zoneId}/dns_records/{recordId}")]
    Task DeleteDnsRecord(string zoneId, string recordId, CancellationToken cancellationToken);

    /// <summary>Deletes, changes and additions in one transaction.</summary>
    [Post("/zones/{zoneId}/dns_records/batch")]
    Task BatchDnsRecords(string zoneId, [Body] DnsRecordBatch batch, CancellationToken cancellationToken);
}

internal sealed record Envelope<T>(T Result);

internal sealed record DnsRecordContent(string Type, string Name, string Content, int Ttl, bool Proxied, string Comment);

internal sealed record DnsRecordBatch(
    IReadOnlyList<DnsRecordId>? Deletes, IReadOnlyList<DnsRecordPatch>? Patches, IReadOnlyList<DnsRecordContent>? Posts);

internal sealed record DnsRecordId(string Id);

internal sealed record DnsRecordPatch(
    string Id, string Type, string Name, string Content, int Ttl, bool Proxied, string Comment);
