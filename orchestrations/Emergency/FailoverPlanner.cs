using WebHost.Backups;
using WebHost.Decisions;
using WebHost.Json;
using WebHost.Migration;
using WebHost.Operations;
using WebHost.Placement;
using WebHost.Plans;
using WebHost.Signup;
using WebHost.Tenants;

namespace WebHost.Emergency;

/// <summary>Looks at a tenant's home and says whether and where to the tenant can be failed over. Changes nothing.</summary>
public sealed class FailoverPlanner(
    TenantStore tenants,
    PlacementStore placements,
    TenantDatabaseStore databases,
    ServerStore servers,
    OperationStore operations,
    MoveStore moves,
    FailoverStore failovers,
    BackupStore backups,
    HomeProbe probe)
{
    /// <summary>Looks.</summary>
    /// <exception cref="TenantUnknownException">There is no such tenant.</exception>
    /// <exception cref="MoveRefusedException">The tenant cannot be failed over now, or not there; the message says what to do.</exception>
    public async Task<FailoverPlan> PlanAsync(
        Guid tenantId, FailoverRequest request, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(request);
        var tenant = await tenants.FindAsync(tenantId, cancellationToken) ?? throw new TenantUnknownException(tenantId);
        var placement = await placements.GetAsync(tenantId, cancellationToken);
        if (placement is not { State: PlacementState.Serving, DatabaseId: not null })
        {
            throw new MoveRefusedException($"Tenant {tenantId} is {WireName.Of(tenant.State)}; it has no home that could be lost.");
        }

        var found = request.Found ?? await LookAsync(placement, cancellationToken);
        var other = await failovers.FindUnderWayAsync(tenantId, cancellationToken);
        await RefuseAsync(other, found, request, cancellationToken);
        var standing = request is { Target: null, Region: null }
            ? await FindStandingAsync(tenantId, cancellationToken)
            : null;
        var newest = (await backups.ListAsync(tenantId, cancellationToken)).Max(backup => backup.FinishedAt);
        if (standing is not null)
        {
            return Plan(standing.Provider, standing.Plan, standing.Region);
        }

        var plan = PlanCatalog.Standard.Get(tenant.Plan);
        var onShared = request.Target switch
        {
            HostingProvider.Hetzner when plan.Pool.Provider != HostingProvider.Hetzner => throw new MoveRefusedException(
                $"A shared server takes tenants of plan {WireName.Of(PlanId.Hobby)} only; this one's is {WireName.Of(plan.Id)}."),
            HostingProvider.Hetzner => true,
            HostingProvider.Fly => false,
            _ => plan.Pool.Provider == HostingProvider.Hetzner
                && await servers.CountFreeSlotsAsync(tenantId, cancellationToken) > 0,
        };
        return onShared
            ? Plan(HostingProvider.Hetzner, plan.Id, request.Region ?? RegionOf(placement, HostingProvider.Hetzner, tenant, plan))
            : OnFly(tenant, placement, request, Plan);

        FailoverPlan Plan(HostingProvider provider, PlanId homePlan, string region) => new()
        {
            Found = found,
            StandingHome = standing?.Home,
            Provider = provider,
            HomePlan = homePlan,
            Region = region,
            Replaces = other?.OperationId,
            NewestBackup = newest,
        };
    }

    /// <summary>What is planned when every shared server is full.</summary>
    /// <exception cref="MoveRefusedException">The request wants a shared server.</exception>
    public async Task<FailoverPlan> PlanOnFlyAsync(
        FailoverPlan full, Guid tenantId, FailoverRequest request, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(request);
        if (request.Target is not null)
        {
            throw new MoveRefusedException(
                "Every shared server is full. Add one with POST /api/servers, or leave target out: the tenant then gets a home on Fly.io.");
        }

        return OnFly(
            await tenants.GetAsync(tenantId, cancellationToken),
            await placements.GetAsync(tenantId, cancellationToken),
            request,
            (provider, plan, region) => full with { Provider = provider, HomePlan = plan, Region = region });
    }

    private static FailoverPlan OnFly(
        Tenant tenant,
        TenantPlacement placement,
        FailoverRequest request,
        Func<HostingProvider, PlanId, string, FailoverPlan> make)
    {
        var plan = PlanCatalog.Standard.Get(tenant.Plan);
        var home = plan.Pool.Provider == HostingProvider.Fly
            ? plan
            : PlanCatalog.Standard.Plans.Where(other => other.Pool.Provider == HostingProvider.Fly)
                .MinBy(other => other.MonthlyPriceUsd)!;
        var region = request.Region ?? RegionOf(placement, HostingProvider.Fly, tenant, home);
        var known = RegionCatalog.Regions.FirstOrDefault(
            there => there.Code == region && there.Provider == HostingProvider.Fly)
            ?? throw new MoveRefusedException($"Fly.io has no region '{region}' that we use.");
        var residency = JsonText.Read<SignupRequest>(tenant.Signup).DataResidency;
        return residency is { } territory && known.Residency != territory
            ? throw new MoveRefusedException($"The tenant's data must stay in the {WireName.Of(territory)}; {region} is not there.")
            : make(HostingProvider.Fly, home.Id, region);
    }

    // Where the tenant is, if the provider stays; otherwise where it would go if it signed up today.
    private static string RegionOf(TenantPlacement placement, HostingProvider provider, Tenant tenant, Plan plan)
    {
        if (placement.Provider == provider)
        {
            return placement.Region;
        }

        var signup = JsonText.Read<SignupRequest>(tenant.Signup) with { Plan = plan.Id };
        return DecisionEngine.Decide(signup, new PlanCatalog([plan])) switch
        {
            Recommendation recommended => recommended.Region,
            var refused => throw new MoveRefusedException(
                $"No region of {WireName.Of(provider)} will do: {string.Join(' ', refused.Reasons.Select(reason => reason.Text))}"),
        };
    }

    private async Task RefuseAsync(
        Failover? other, HomeCondition found, FailoverRequest request, CancellationToken cancellationToken)
    {
        if (request.Force)
        {
            return;
        }

        if (other is { State: FailoverState.Preparing or FailoverState.Replacing or FailoverState.Undoing }
            && await operations.FindAsync(other.OperationId, cancellationToken)
                is not { State: OperationState.Waiting, Error: not null })
        {
            throw new MoveRefusedException(
                $"Failover {other.OperationId} of the tenant is at work. With \"force\": true another one takes its place.");
        }

        if (found.Presence == HomePresence.Serving)
        {
            throw new MoveRefusedException(
                $"The tenant's home is well. {found.Detail} To move a tenant, ask for kind relocate, upgrade or downgrade, which loses "
                + "no time; with \"force\": true it is failed over all the same.");
        }
    }

    private async Task<TenantPlacement?> FindStandingAsync(Guid tenantId, CancellationToken cancellationToken)
    {
        if (await moves.FindUnderWayAsync(tenantId, cancellationToken)
            is not { State: MoveState.Switched or MoveState.Verified or MoveState.GoingBack } move)
        {
            return null;
        }

        var home = await placements.GetHomeAsync(tenantId, move.SourceHome, cancellationToken);
        return home is { State: PlacementState.Elsewhere, DatabaseId: not null }
            && (await LookAsync(home, cancellationToken)).Presence == HomePresence.Present ? home : null;
    }

    private async Task<HomeCondition> LookAsync(TenantPlacement home, CancellationToken cancellationToken) =>
        await probe.LookAsync(
            await databases.GetAsync(home.DatabaseId!.Value, cancellationToken), home.TenantId, cancellationToken);
}
