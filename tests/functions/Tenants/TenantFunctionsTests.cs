using System.Net;
using Microsoft.Extensions.DependencyInjection;
using WebHost.Data;
using WebHost.Functions.Tests.Hosting;
using WebHost.Operations;
using WebHost.Plans;
using WebHost.Tenants;

namespace WebHost.Functions.Tests.Tenants;

public sealed class TenantFunctionsTests(ApplicationUnderTest application) : IClassFixture<ApplicationUnderTest>
{
    private ControlDatabase Control => application.Services.GetRequiredService<ControlDatabase>();

    [Fact]
    public async Task Pages_of_tenants_in_a_state_lead_to_each_other_and_to_no_others()
    {
        var failed = new List<Guid>();
        for (var i = 0; i < 5; i++)
        {
            failed.Add(await AddTenantAsync(TenantState.ProvisioningFailed));
            await AddTenantAsync(TenantState.Provisioning);
        }

        Assert.Equal(failed.AsEnumerable().Reverse(), await FollowAsync("tenants?state=provisioning-failed&limit=2"));
    }

    [Fact]
    public async Task Pages_of_a_tenants_operations_in_a_state_lead_to_each_other_and_to_no_others()
    {
        var (tenant, other) = (await AddTenantAsync(TenantState.Provisioning), await AddTenantAsync(TenantState.Provisioning));
        var ended = new List<Guid>();
        for (var i = 0; i < 5; i++)
        {
            ended.Add(await AddOperationAsync(tenant, OperationState.Succeeded));
            await AddOperationAsync(tenant, OperationState.Failed);
            await AddOperationAsync(other, OperationState.Succeeded);
        }

        Assert.Equal(
            ended.AsEnumerable().Reverse(), await FollowAsync($"operations?tenantId={tenant}&state=succeeded&limit=2"));
    }

    [Fact]
    public async Task A_key_whose_id_nobody_noted_is_found_and_revoked()
    {
        var tenant = await AddTenantAsync(TenantState.Active);
        var (_, made) = await application.PostAsync($"tenants/{tenant}/keys");

        var listed = Assert.Single((await application.GetAsync($"tenants/{tenant}/keys"))["items"]!.AsArray())!;
        using var revoked = await application.Http.DeleteAsync(new Uri($"tenants/{tenant}/keys/{listed["keyId"]}", UriKind.Relative));
        var afterwards = Assert.Single((await application.GetAsync($"tenants/{tenant}/keys"))["items"]!.AsArray())!;

        Assert.Equal((string?)made!["keyId"], (string?)listed["keyId"]);
        Assert.Null(listed["revokedAt"]);
        Assert.DoesNotContain((string)made["key"]!, listed.ToJsonString(), StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.NoContent, revoked.StatusCode);
        Assert.NotNull(afterwards["revokedAt"]);
    }

    // The ids of a list, page after page.
    private async Task<List<Guid>> FollowAsync(string path)
    {
        var ids = new List<Guid>();
        for (string? next = path; next is not null;)
        {
            var page = await application.GetAsync(next);
            ids.AddRange(page["items"]!.AsArray().Select(item => (Guid)item!["id"]!));
            next = (string?)page["next"];
        }

        return ids;
    }

    private async Task<Guid> AddTenantAsync(TenantState state)
    {
        var tenant = new Tenant
        {
            Id = Guid.CreateVersion7(),
            Company = "Acme",
            Email = "fleet@acme.example",
            Plan = PlanId.Hobby,
            State = state,
            Signup = "{}",
            Recommendation = "{}",
        };
        await Control.TransactAsync(async transaction =>
        {
            await TenantStore.AddAsync(transaction, tenant, default);
            return true;
        });
        return tenant.Id;
    }

    private async Task<Guid> AddOperationAsync(Guid tenant, OperationState state)
    {
        var planned = new PlannedOperation(Guid.CreateVersion7(), "test", tenant, "Test", new { }, []);
        return await Control.TransactAsync(async transaction =>
        {
            await OperationStore.AddAsync(transaction, planned, default);
            await transaction.Sql(
                "UPDATE operations SET state = $2, finished_at = now() WHERE id = $1", planned.Id, state).RunAsync();
            return planned.Id;
        });
    }
}
