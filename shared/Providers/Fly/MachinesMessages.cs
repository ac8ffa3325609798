namespace WebHost.Providers.Fly;

internal sealed record ListAppsResponse(IReadOnlyList<App> Apps, int TotalApps);

internal sealed record App(string Id, string Name, string Status, string? Network, AppOrganization Organization);

internal sealed record AppOrganization(string Name, string Slug);

internal sealed record CreateAppRequest(string Name, string OrgSlug, string Network);

internal sealed record ListIpAssignmentsResponse(IReadOnlyList<IpAssignment>? Ips);

internal sealed record IpAssignment(string Ip, string? Region, string? ServiceName, bool Shared);

internal sealed record AssignIpRequest(string Type, string? Network, string? Region);

// A null value removes the secret and must be sent.
internal sealed record AppSecretsUpdateRequest(IReadOnlyDictionary<string, string?> Values)
{
    // A record would print its values.
    public override string ToString() => $"{nameof(AppSecretsUpdateRequest)} {{ {string.Join(", ", Values.Keys)} }}";
}

internal sealed record AppSecretsUpdateResponse(long Version);

internal sealed record CreateVolumeRequest(
    string Name,
    string Region,
    int SizeGb,
    bool Encrypted,
    int? SnapshotRetention,
    bool? RequireUniqueZone,
    bool? UniqueZoneAppWide,
    FlyGuest? Compute,
    string? SourceVolumeId);

internal sealed record ExtendVolumeRequest(int SizeGb);

internal sealed record ExtendVolumeResponse(bool NeedsRestart, FlyVolume Volume);

internal sealed record CreateMachineRequest(
    string Name,
    string Region,
    FlyMachineConfig Config,
    long? MinSecretsVersion,
    bool? SkipServiceRegistration);

internal sealed record UpdateMachineRequest(
    FlyMachineConfig Config, string? CurrentVersion, long? MinSecretsVersion, bool? SkipServiceRegistration);

internal sealed record WaitMachineResponse(bool Ok, string? State);

internal sealed record CreateLeaseRequest(int Ttl, string Description);

internal sealed record LeaseResponse(string? Status, Lease Data);

internal sealed record Lease(string Nonce, long ExpiresAt, string? Owner);

internal sealed record CreateAcmeCertificateRequest(string Hostname);
