using Refit;

namespace WebHost.Providers.Fly;

/// <summary>Fly's Machines API, the calls we make; names of requests and fields are Fly's.</summary>
internal interface IMachinesApi
{
    [Get("/v1/apps")]
    Task<ListAppsResponse> ListApps([AliasAs("org_slug")] string orgSlug, CancellationToken cancellationToken);

    [Get("/v1/apps/{app}")]
    Task<App> ShowApp(string app, CancellationToken cancellationToken);

    [Post("/v1/apps")]
    Task CreateApp([Body] CreateAppRequest request, CancellationToken cancellationToken);

    [Delete("/v1/apps/{app}")]
    Task DeleteApp(string app, CancellationToken cancellationToken);

    [Get("/v1/apps/{app}/ip_assignments")]
    Task<ListIpAssignmentsResponse> ListIpAssignments(string app, CancellationToken cancellationToken);

    [Post("/v1/apps/{app}/ip_assignments")]
    Task<IpAssignment> AssignIp(string app, [Body] AssignIpRequest request, CancellationToken cancellationToken);

    [Post("/v1/apps/{app}/secrets")]
    Task<AppSecretsUpdateResponse> UpdateSecrets(
        string app, [Body] AppSecretsUpdateRequest request, CancellationToken cancellationToken);

    [Get("/v1/apps/{app}/volumes")]
    Task<IReadOnlyList<FlyVolume>> ListVolumes(string app, CancellationToken cancellationToken);

    [Post("/v1/apps/{app}/volumes")]
    Task<FlyVolume> CreateVolume(string app, [Body] CreateVolumeRequest request, CancellationToken cancellationToken);

    [Put("/v1/apps/{app}/volumes/{volumeId}/extend")]
    Task<ExtendVolumeResponse> ExtendVolume(
        string app, string volumeId, [Body] ExtendVolumeRequest request, CancellationToken cancellationToken);

    [Delete("/v1/apps/{app}/volumes/{volumeId}")]
    Task DeleteVolume(string app, string volumeId, CancellationToken cancellationToken);

    [Get("/v1/apps/{app}/machines")]
    Task<IReadOnlyList<FlyMachine>> ListMachines(string app, CancellationToken cancellationToken);

    [Get("/v1/apps/{app}/machines/{machineId}")]
    Task<FlyMachine> GetMachine(string app, string machineId, CancellationToken cancellationToken);

    [Post("/v1/apps/{app}/machines")]
    Task<FlyMachine> CreateMachine(string app, [Body] CreateMachineRequest request, CancellationToken cancellationToken);

    [Post("/v1/apps/{app}/machines/{machineId}")]
    Task<FlyMachine> UpdateMachine(
        string app,
        string machineId,
        [Body] UpdateMachineRequest request,
        [Header(LeaseHeader)] string? nonce,
        CancellationToken cancellationToken);

    [Delete("/v1/apps/{app}/machines/{machineId}?force=true")]
    Task DeleteMachine(
        string app, string machineId, [Header(LeaseHeader)] string? nonce, CancellationToken cancellationToken);

    [Post("/v1/apps/{app}/machines/{machineId}/start")]
    Task StartMachine(
        string app, string machineId, [Header(LeaseHeader)] string? nonce, CancellationToken cancellationToken);

    [Post("/v1/apps/{app}/machines/{machineId}/stop")]
    Task StopMachine(
        string app, string machineId, [Header(LeaseHeader)] string? nonce, CancellationToken cancellationToken);

    [Post("/v1/apps/{app}/machines/{machineId}/cordon")]
    Task CordonMachine(
        string app, string machineId, [Header(LeaseHeader)] string? nonce, CancellationToken cancellationToken);

    [Post("/v1/apps/{app}/machines/{machineId}/uncordon")]
    Task UncordonMachine(
        string app, string machineId, [Header(LeaseHeader)] string? nonce, CancellationToken cancellationToken);

    [Get("/v1/apps/{app}/machines/{machineId}/wait")]
    Task<WaitMachineResponse> WaitMachine(
        string app, string machineId, string state, string? version, int timeout, CancellationToken cancellationToken);

    [Post("/v1/apps/{app}/machines/{machineId}/lease")]
    Task<LeaseResponse> CreateLease(
        string app, string machineId, [Body] CreateLeaseRequest request, CancellationToken cancellationToken);

    [Delete("/v1/apps/{app}/machines/{machineId}/lease")]
    Task ReleaseLease(
        string app, string machineId, [Header(LeaseHeader)] string nonce, CancellationToken cancellationToken);

    [Get("/v1/apps/{app}/certificates/{hostname}")]
    Task<FlyCertificate> ShowCertificate(string app, string hostname, CancellationToken cancellationToken);

    [Post("/v1/apps/{app}/certificates/acme")]
    Task<FlyCertificate> RequestAcmeCertificate(
        string app, [Body] CreateAcmeCertificateRequest request, CancellationToken cancellationToken);

    [Post("/v1/apps/{app}/certificates/{hostname}/check")]
    Task<FlyCertificate> CheckCertificate(string app, string hostname, CancellationToken cancellationToken);

    [Delete("/v1/apps/{app}/certificates/{hostname}")]
    Task DeleteCertificate(string app, string hostname, CancellationToken cancellationToken);

    private const string LeaseHeader = "fly-machine-lease-nonce";
}
