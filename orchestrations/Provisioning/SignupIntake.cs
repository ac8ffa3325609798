using Microsoft.DurableTask.Client;
using Npgsql;
using WebHost.Configuration;
using WebHost.Data;
using WebHost.Decisions;
using WebHost.Json;
using WebHost.Operations;
using WebHost.Placement;
using WebHost.Plans;
using WebHost.Provisioning.Fly;
using WebHost.Provisioning.Hetzner;
using WebHost.Signup;
using WebHost.Tenants;

namespace WebHost.Provisioning;

/// <summary>What a signup led to; the same however often its webhook is delivered.</summary>
/// <param name="TenantId">The new tenant.</param>
/// <param name="OperationId">Its provisioning.</param>
public sealed record SignupReceipt(Guid TenantId, Guid OperationId);

/// <summary>Takes signups in, and failed provisionings up again. What is accepted is written before anything is begun.</summary>
public sealed class SignupIntake(
    ControlDatabase control, OperationStarter starter, OperationStore operations, TenantStore tenants, PlacementStore placements, Settings settings)
{
    /// <summary>Kind of the operation that gives a tenant its home.</summary>
    public const string OperationKind = "provision";

    /// <summary>The receipt of a delivery that was accepted before, or null.</summary>
    /// <param name="client">Starts the operation in case its first acceptance came no further.</param>
    /// <param name="source">Who delivers: the same id from two sources is two signups.</param>
    /// <param name="webhookId">The delivery's id, the same over retries.</param>
    /// <param name="cancellationToken">Cancels the look-up.</param>
    public async Task<SignupReceipt?> FindAsync(
        DurableTaskClient client, string source, string webhookId, CancellationToken cancellationToken)
    {
        await using var connection = await control.OpenAsync(cancellationToken);
        var receipt = await FindAsync(connection, source, webhookId, cancellationToken);
        if (receipt is not null)
        {
            await starter.EnsureStartedAsync(client, receipt.OperationId, cancellationToken);
        }

        return receipt;
    }

    /// <summary>Makes the signup a tenant and starts its provisioning, unless the delivery was accepted before.</summary>
    /// <param name="client">Starts the orchestration.</param>
    /// <param name="source">Who delivers.</param>
    /// <param name="webhookId">The delivery's id.</param>
    /// <param name="request">The signup.</param>
    /// <param name="recommendation">Where the tenant belongs.</param>
    /// <param name="cancellationToken">Cancels; what is accepted by then is started later.</param>
    public async Task<SignupReceipt> AcceptAsync(
        DurableTaskClient client,
        string source,
        string webhookId,
        SignupRequest request,
        Recommendation recommendation,
        CancellationToken cancellationToken)
    {
        var receipt = await control.TransactAsync(
            async transaction =>
            {
                // Deliveries of one webhook line up here, so that the second finds what the first accepted.
                await transaction.Sql("SELECT pg_advisory_xact_lock(hashtextextended($1, 0))", $"{source} {webhookId}")
                    .RunAsync(cancellationToken);
                return await FindAsync(transaction.Connection!, source, webhookId, cancellationToken)
                    ?? await AddAsync(transaction, source, webhookId, request, recommendation, cancellationToken);
            },
            cancellationToken);
        await starter.EnsureStartedAsync(client, receipt.OperationId, cancellationToken);
        return receipt;
    }

    /// <summary>Provisions a tenant again whose provisioning failed, at the next epoch and so under new names.</summary>
    /// <returns>The new operation, or null when the operation is not the failed, and last, provisioning of its tenant.</returns>
    public async Task<Guid?> RetryAsync(DurableTaskClient client, Guid operationId, CancellationToken cancellationToken)
    {
        if (await operations.FindAsync(operationId, cancellationToken)
            is not { Kind: OperationKind, State: OperationState.Failed, TenantId: { } tenantId })
        {
            return null;
        }

        var tenant = await tenants.GetAsync(tenantId, cancellationToken);
        var recommendation = JsonText.Read<Recommendation>(tenant.Recommendation);
        var placement = await placements.GetAsync(tenantId, cancellationToken);
        var home = placement with
        {
            Home = placement.Epoch + 1,
            Plan = recommendation.Plan,
            Mode = recommendation.Mode,
            Provider = recommendation.Provider,
            Region = recommendation.Region,
        };
        var planned = Plan(home);
        var accepted = await control.TransactAsync(
            async transaction =>
            {
                // Retries line up at the tenant's row; the second finds that the first has made a newer operation.
                await transaction.Sql("SELECT FROM tenants WHERE id = $1 FOR UPDATE", tenantId).RunAsync(cancellationToken);
                var taken = await transaction.Sql(
                    """
                    UPDATE tenants SET state = $2, updated_at = now()
                    WHERE id = $1 AND state <> $3 AND $4 = (
                        SELECT id FROM operations WHERE tenant_id = $1 ORDER BY created_at DESC, id DESC LIMIT 1)
                    """,
                    tenantId, TenantState.Provisioning, TenantState.Active, operationId).RunAsync(cancellationToken);
                if (taken == 0)
                {
                    return false;
                }

                await OperationStore.AddAsync(transaction, planned, cancellationToken);
                await PlacementStore.AddHomeAsync(transaction, home, planned.Id, cancellationToken);
                await transaction.Sql(
                    "UPDATE placements SET epoch = $2, home = $2, state = $3, updated_at = now() WHERE tenant_id = $1",
                    tenantId, home.Home, PlacementState.Preparing).RunAsync(cancellationToken);
                return true;
            },
            cancellationToken);
        if (!accepted)
        {
            return null;
        }

        await starter.EnsureStartedAsync(client, planned.Id, cancellationToken);
        return planned.Id;
    }

    private static Task<SignupReceipt?> FindAsync(
        NpgsqlConnection connection, string source, string webhookId, CancellationToken cancellationToken) =>
        connection.Sql(
            "SELECT tenant_id, operation_id FROM webhook_deliveries WHERE source = $1 AND webhook_id = $2", source, webhookId)
            .FirstAsync(row => new SignupReceipt(row.GetGuid(0), row.GetGuid(1)), cancellationToken);

    private async Task<SignupReceipt> AddAsync(
        NpgsqlTransaction transaction,
        string source,
        string webhookId,
        SignupRequest request,
        Recommendation recommendation,
        CancellationToken cancellationToken)
    {
        var tenant = new Tenant
        {
            Id = Guid.CreateVersion7(),
            Company = request.Company,
            Email = request.Email,
            Plan = recommendation.Plan,
            State = TenantState.Provisioning,
            Signup = JsonText.Of(request).Text,
            Recommendation = JsonText.Of(recommendation).Text,
        };
        var placement = new TenantPlacement
        {
            TenantId = tenant.Id,
            Epoch = 1,
            Home = 1,
            Plan = recommendation.Plan,
            Mode = recommendation.Mode,
            Provider = recommendation.Provider,
            Region = recommendation.Region,
            Hostname = $"{ResourceNames.HostLabel(tenant.Id)}.{settings.TenantDomain}",
            State = PlacementState.Preparing,
        };
        var planned = Plan(placement);
        await TenantStore.AddAsync(transaction, tenant, cancellationToken);
        await OperationStore.AddAsync(transaction, planned, cancellationToken);
        await PlacementStore.AddAsync(transaction, placement, planned.Id, cancellationToken);
        await transaction.Sql(
            "INSERT INTO webhook_deliveries (source, webhook_id, tenant_id, operation_id) VALUES ($1, $2, $3, $4)",
            source, webhookId, tenant.Id, planned.Id).RunAsync(cancellationToken);
        return new SignupReceipt(tenant.Id, planned.Id);
    }

    private PlannedOperation Plan(TenantPlacement home)
    {
        var operationId = Guid.CreateVersion7();
        var input = new ProvisioningInput(
            operationId,
            home.TenantId,
            home.Home,
            new StepRetries(settings.StepAttempts, settings.FirstRetryInterval, settings.LongestRetryInterval));
        return home.Provider switch
        {
            HostingProvider.Hetzner => new PlannedOperation(
                operationId, OperationKind, home.TenantId, nameof(ProvisionOnHetzner), input, ProvisionOnHetzner.Steps),
            HostingProvider.Fly => new PlannedOperation(
                operationId, OperationKind, home.TenantId, nameof(ProvisionOnFly), input, ProvisionOnFly.Steps),
            _ => throw new ArgumentOutOfRangeException(nameof(home), home.Provider, "No orchestrator provisions there."),
        };
    }
}
