using WebHost.States;

namespace WebHost.Tenants;

/// <summary>Where a tenant is in its life.</summary>
public enum TenantState
{
    /// <summary>Signed up; its infrastructure is being made.</summary>
    Provisioning,

    /// <summary>Signed up; every shared server is full and a new one is awaited.</summary>
    WaitingForCapacity,

    /// <summary>Served.</summary>
    Active,

    /// <summary>Its infrastructure could not be made; what was begun has been undone.</summary>
    ProvisioningFailed,
}

/// <summary>Which states of a tenant follow which.</summary>
public static class TenantLifecycle
{
    /// <summary>All transitions.</summary>
    public static StateTable<TenantState> Table { get; } = new(
        "tenant",
        (TenantState.Provisioning, TenantState.WaitingForCapacity),
        (TenantState.Provisioning, TenantState.Active),
        (TenantState.Provisioning, TenantState.ProvisioningFailed),
        (TenantState.WaitingForCapacity, TenantState.Provisioning),
        (TenantState.WaitingForCapacity, TenantState.ProvisioningFailed),
        (TenantState.ProvisioningFailed, TenantState.Provisioning));
}
