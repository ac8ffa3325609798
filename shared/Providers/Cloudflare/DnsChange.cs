using System.Net;

namespace WebHost.Providers.Cloudflare;

/// <summary>What must change for a hostname to lead where it should.</summary>
internal sealed record DnsChange(
    IReadOnlyList<DnsRecord> Deletes,
    IReadOnlyList<(string Id, DnsRecordContent Record)> Patches,
    IReadOnlyList<DnsRecordContent> Posts)
{
    public bool IsEmpty => Deletes.Count + Patches.Count + Posts.Count == 0;

    public static bool IsOwnedBy(DnsRecord record, ResourceOwner owner) => record.Comment == TenantMark(owner);

    /// <exception cref="ProviderException">A record of that name is not the owner's.</exception>
    public static DnsChange Between(
        IReadOnlyList<DnsRecord> present, string name, IReadOnlyList<DnsTarget> targets, ResourceOwner owner)
    {
        if (present.FirstOrDefault(record => !IsOwnedBy(record, owner)) is { } foreign)
        {
            throw new ProviderException(
                CloudflareErrors.Name,
                nameof(IDnsRecordsApi.CreateDnsRecord),
                new ProviderError(
                    ProviderErrorKind.Conflict,
                    $"{name} has a record {foreign.Type} {foreign.Content} that is not marked '{TenantMark(owner)}'")
                {
                    Code = CloudflareErrors.NotOurs,
                });
        }

        var spare = present.ToList();
        var missing = new List<DnsTarget>();
        foreach (var target in targets)
        {
            var same = spare.FindIndex(record => Leads(record, target));
            if (same < 0)
            {
                missing.Add(target);
            }
            else
            {
                spare.RemoveAt(same);
            }
        }

        var patches = new List<(string, DnsRecordContent)>();
        var posts = new List<DnsRecordContent>();
        foreach (var target in missing)
        {
            var content = new DnsRecordContent(
                target.Type, name, target.Content, target.Ttl, target.Proxied, TenantMark(owner));
            var reusable = spare.FindIndex(record => record.Type == target.Type);
            if (reusable < 0)
            {
                posts.Add(content);
            }
            else
            {
                patches.Add((spare[reusable].Id, content));
                spare.RemoveAt(reusable);
            }
        }

        return new DnsChange(spare, patches, posts);
    }

    public DnsRecordBatch ToBatch() => new(
        Deletes.Count == 0 ? null : [.. Deletes.Select(record => new DnsRecordId(record.Id))],
        Patches.Count == 0
            ? null
            : [.. Patches.Select(patch => new DnsRecordPatch(
                patch.Id,
                patch.Record.Type,
                patch.Record.Name,
                patch.Record.Content,
                patch.Record.Ttl,
                patch.Record.Proxied,
                patch.Record.Comment))],
        Posts.Count == 0 ? null : Posts);

    // Comments hold 100 characters on the smallest plan: the tenant alone fits in every case.
    private static string TenantMark(ResourceOwner owner) => $"webhost tenant={owner.TenantId}";

    private static bool Leads(DnsRecord record, DnsTarget target) =>
        record.Type == target.Type
        && record.Proxied == target.Proxied
        // Cloudflare sets the TTL of a proxied record itself.
        && (target.Proxied || record.Ttl == target.Ttl)
        && SameContent(record, target);

    // One IPv6 address has many spellings and hostnames have no case.
    private static bool SameContent(DnsRecord record, DnsTarget target) =>
        record.Type is "A" or "AAAA"
        && IPAddress.TryParse(record.Content, out var present)
        && IPAddress.TryParse(target.Content, out var wanted)
            ? present.Equals(wanted)
            : record.Type == "CNAME"
                ? string.Equals(record.Content.TrimEnd('.'), target.Content.TrimEnd('.'), StringComparison.OrdinalIgnoreCase)
                : record.Content == target.Content;
}
