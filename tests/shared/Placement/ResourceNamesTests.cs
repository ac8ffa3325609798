using WebHost.Placement;

namespace WebHost.Tests.Placement;

public sealed class ResourceNamesTests
{
    [Fact]
    public void Names_of_tenants_that_sign_up_together_differ()
    {
        var moment = DateTimeOffset.UtcNow;
        var names = Enumerable.Range(0, 10_000)
            .Select(_ => new ResourceNames(Guid.CreateVersion7(moment), 1).App)
            .ToHashSet();

        Assert.Equal(10_000, names.Count);
    }

    [Fact]
    public void Names_of_two_epochs_of_one_tenant_differ()
    {
        var tenant = Guid.CreateVersion7();
        var (first, second) = (new ResourceNames(tenant, 1), new ResourceNames(tenant, 2));

        Assert.Empty(All(first).Intersect(All(second)));
    }

    [Fact]
    public void Names_keep_within_what_the_vendors_allow()
    {
        var names = new ResourceNames(Guid.CreateVersion7(), 999_999);

        Assert.All([names.App, names.DatabaseApp, names.Network, names.Redis], name => Assert.Matches("^[a-z][a-z0-9-]{1,61}[a-z0-9]$", name));
        Assert.All([names.Volume, names.ReplicaVolume(2)], name => Assert.Matches("^[a-z0-9_]{1,30}$", name));
        Assert.Matches("^[a-z][a-z0-9_]{1,62}$", names.TenantRole);
        Assert.True(new TenantDatabaseRoles(names.DatabaseApp).Tenants.Length <= 63);
    }

    private static string[] All(ResourceNames names) =>
        [
            names.App, names.DatabaseApp, names.Network, names.Redis, names.Volume, names.ReplicaVolume(1), names.ReplicaMachine(1),
            names.AppMachine("fra", 1), names.TenantRole,
        ];
}
