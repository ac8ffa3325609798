using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Microsoft.Azure.Functions.Worker;
using WebHost.Callers;
using WebHost.Decisions;
using WebHost.Json;
using WebHost.OpenApi;
using WebHost.Placement;
using WebHost.Plans;
using WebHost.Problems;
using WebHost.Quotas;
using WebHost.Security;

namespace WebHost.Tenants;

/// <summary>Where operators and tenants see who and where a tenant is.</summary>
public sealed class TenantFunctions(
    CallerAuthentication callers,
    TenantStore tenants,
    PlacementStore placements,
    ServerStore servers,
    TenantDatabaseStore databases,
    StorageKeeper storage,
    ApiKeyStore apiKeys)
{
    private const int LargestPage = 500;

    /// <summary>Tenants, newest first.</summary>
    [Function("ListTenants")]
    [Endpoint("List tenants, newest first", Tag = "Tenants", Caller = "operator", Response = typeof(Page<TenantSummary>), Query = ["before", "limit"])]
    [QueryOneOf<TenantState>("state")]
    public async Task<IActionResult> List(
        [HttpTrigger(AuthorizationLevel.Anonymous, "get", Route = "tenants")] HttpRequest request,
        CancellationToken cancellationToken)
    {
        await callers.RequireOperatorAsync(request, cancellationToken);
        var limit = request.QueryNumber("limit", 50, 1, LargestPage);
        var found = await tenants.ListAsync(
            request.QueryOneOf<TenantState>("state"), request.QueryId("before"), limit, cancellationToken);
        var summaries = found.Select(t => new TenantSummary(t.Id, t.Company, t.Plan, t.State, t.CreatedAt)).ToList();
        return Requests.Answer(Page.Of(
            request, summaries, limit, "/api/tenants", ("before", last => last.Id.ToString()), "state"));
    }

    /// <summary>A tenant, where it lives and why.</summary>
    [Function("GetTenant")]
    [Endpoint("See a tenant, where it lives and why", Tag = "Tenants", Caller = "operator or tenant", Response = typeof(TenantView))]
    public async Task<IActionResult> Get(
        [HttpTrigger(AuthorizationLevel.Anonymous, "get", Route = "tenants/{tenantId:guid}")] HttpRequest request,
        Guid tenantId,
        CancellationToken cancellationToken)
    {
        await callers.RequireTenantAsync(request, tenantId, cancellationToken);
        var tenant = await FindAsync(tenantId, cancellationToken);
        var placement = await placements.GetAsync(tenantId, cancellationToken);
        var limits = PlanCatalog.Standard.Get(tenant.Plan).Limits;
        return Requests.Answer(new TenantView
        {
            Id = tenant.Id,
            Company = tenant.Company,
            Email = tenant.Email,
            Plan = tenant.Plan,
            Mode = placement.Mode,
            State = tenant.State,
            Hostname = placement.Hostname,
            Epoch = placement.Epoch,
            Limits = limits,
            StorageQuota = StorageQuota.Of(limits),
            Storage = await storage.FindAsync(tenantId, cancellationToken),
            Infrastructure = await DescribeAsync(placement, cancellationToken),
            Recommendation = JsonText.Read<Recommendation>(tenant.Recommendation),
            CreatedAt = tenant.CreatedAt,
        });
    }

    /// <summary>A tenant's API keys.</summary>
    [Function("ListTenantKeys")]
    [Endpoint("List the API keys with their ids, by which they are revoked, newest first", Tag = "Tenants", Caller = "operator or tenant", Response = typeof(Page<ApiKey>))]
    public async Task<IActionResult> ListKeys(
        [HttpTrigger(AuthorizationLevel.Anonymous, "get", Route = "tenants/{tenantId:guid}/keys")] HttpRequest request,
        Guid tenantId,
        CancellationToken cancellationToken)
    {
        await callers.RequireTenantAsync(request, tenantId, cancellationToken);
        await FindAsync(tenantId, cancellationToken);
        return Requests.Answer(new Page<ApiKey>(await apiKeys.ListAsync(tenantId, cancellationToken), null));
    }

    /// <summary>Makes an API key for a tenant.</summary>
    [Function("PostTenantKey")]
    [Endpoint("Make an API key; it is shown once", Tag = "Tenants", Caller = "operator or tenant", Response = typeof(NewApiKey), Status = 201)]
    public async Task<IActionResult> PostKey(
        [HttpTrigger(AuthorizationLevel.Anonymous, "post", Route = "tenants/{tenantId:guid}/keys")] HttpRequest request,
        Guid tenantId,
        CancellationToken cancellationToken)
    {
        await callers.RequireTenantAsync(request, tenantId, cancellationToken);
        await FindAsync(tenantId, cancellationToken);
        return Requests.Answer(await apiKeys.CreateAsync(tenantId, cancellationToken), StatusCodes.Status201Created);
    }

    /// <summary>Revokes an API key.</summary>
    [Function("DeleteTenantKey")]
    [Endpoint("Revoke an API key", Tag = "Tenants", Caller = "operator or tenant", Status = 204)]
    public async Task<IActionResult> DeleteKey(
        [HttpTrigger(AuthorizationLevel.Anonymous, "delete", Route = "tenants/{tenantId:guid}/keys/{keyId:guid}")] HttpRequest request,
        Guid tenantId,
        Guid keyId,
        CancellationToken cancellationToken)
    {
        await callers.RequireTenantAsync(request, tenantId, cancellationToken);
        return await apiKeys.RevokeAsync(tenantId, keyId, cancellationToken)
            ? new NoContentResult()
            : throw ProblemException.NotFound($"Tenant {tenantId} has no key {keyId}.");
    }

    private async Task<Tenant> FindAsync(Guid tenantId, CancellationToken cancellationToken) =>
        await tenants.FindAsync(tenantId, cancellationToken)
        ?? throw ProblemException.NotFound($"There is no tenant {tenantId}. GET /api/tenants lists them.");

    private async Task<InfrastructureView> DescribeAsync(TenantPlacement placement, CancellationToken cancellationToken)
    {
        var server = placement.ServerId is { } serverId ? await servers.FindAsync(serverId, cancellationToken) : null;
        var database = placement.DatabaseId is { } databaseId
            ? await databases.FindAsync(databaseId, cancellationToken)
            : null;
        return new InfrastructureView(
            placement.Provider,
            placement.Region,
            server?.Name,
            placement.Provider == HostingProvider.Fly ? placement.Names.App : null,
            database?.Name,
            database is null ? null : placement.Names.TenantRole);
    }
}

/// <summary>A tenant in a list.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Company">The company's name.</param>
/// <param name="Plan">What it pays for.</param>
/// <param name="State">Where it is in its life.</param>
/// <param name="CreatedAt">When it signed up, UTC.</param>
public sealed record TenantSummary(Guid Id, string Company, PlanId Plan, TenantState State, DateTimeOffset CreatedAt);

/// <summary>Where a tenant lives.</summary>
/// <param name="Provider">Whose infrastructure.</param>
/// <param name="Region">The provider's region code.</param>
/// <param name="Server">The shared server's name.</param>
/// <param name="App">The Fly app of its own.</param>
/// <param name="Database">Name of the database.</param>
/// <param name="Role">The tenant's role in it.</param>
public sealed record InfrastructureView(
    HostingProvider Provider, string Region, string? Server, string? App, string? Database, string? Role);

/// <summary>A tenant, where it lives and why.</summary>
public sealed record TenantView
{
    /// <summary>Its id.</summary>
    public required Guid Id { get; init; }

    /// <summary>The company's name.</summary>
    public required string Company { get; init; }

    /// <summary>Whom to write to.</summary>
    public required string Email { get; init; }

    /// <summary>What it pays for.</summary>
    public required PlanId Plan { get; init; }

    /// <summary>Whether it shares its infrastructure.</summary>
    public required HostingMode Mode { get; init; }

    /// <summary>Where it is in its life.</summary>
    public required TenantState State { get; init; }

    /// <summary>Where it is reached.</summary>
    public required string Hostname { get; init; }

    /// <summary>Grows with every move.</summary>
    public required long Epoch { get; init; }

    /// <summary>What its plan allows.</summary>
    public required PlanLimits Limits { get; init; }

    /// <summary>What its plan allows it to store.</summary>
    public required StorageQuota StorageQuota { get; init; }

    /// <summary>What it stores; absent until it is first measured.</summary>
    public TenantStorage? Storage { get; init; }

    /// <summary>Where it lives.</summary>
    public required InfrastructureView Infrastructure { get; init; }

    /// <summary>Why it lives there.</summary>
    public required Recommendation Recommendation { get; init; }

    /// <summary>When it signed up, UTC.</summary>
    public required DateTimeOffset CreatedAt { get; init; }
}
