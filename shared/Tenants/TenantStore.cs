using Npgsql;
using WebHost.Data;
using WebHost.Json;
using WebHost.Plans;
using WebHost.States;

namespace WebHost.Tenants;

/// <summary>Tenants, in the control database.</summary>
public sealed class TenantStore(ControlDatabase control)
{
    private const string Columns = "id, company, email, plan, state, signup, recommendation, created_at";

    /// <summary>Adds a tenant within the caller's transaction.</summary>
    public static Task AddAsync(NpgsqlTransaction transaction, Tenant tenant, CancellationToken cancellationToken) =>
        transaction.Sql(
            """
            INSERT INTO tenants (id, company, email, plan, state, signup, recommendation)
            VALUES ($1, $2, $3, $4, $5, $6, $7)
            """,
            tenant.Id, tenant.Company, tenant.Email, tenant.Plan, tenant.State, new JsonText(tenant.Signup),
            new JsonText(tenant.Recommendation)).RunAsync(cancellationToken);

    /// <summary>The tenant.</summary>
    /// <exception cref="InvalidOperationException">There is no such tenant.</exception>
    public async Task<Tenant> GetAsync(Guid id, CancellationToken cancellationToken) =>
        await FindAsync(id, cancellationToken) ?? throw new InvalidOperationException($"There is no tenant {id}.");

    /// <summary>The tenant, or null.</summary>
    public async Task<Tenant?> FindAsync(Guid id, CancellationToken cancellationToken)
    {
        await using var connection = await control.OpenAsync(cancellationToken);
        return await connection.Sql($"SELECT {Columns} FROM tenants WHERE id = $1", id).FirstAsync(Read, cancellationToken);
    }

    /// <summary>Tenants, newest first.</summary>
    /// <param name="state">Only those in this state.</param>
    /// <param name="before">Only those that signed up before this one: the paging cursor.</param>
    /// <param name="limit">At most so many.</param>
    /// <param name="cancellationToken">Cancels the query.</param>
    public async Task<IReadOnlyList<Tenant>> ListAsync(
        TenantState? state, Guid? before, int limit, CancellationToken cancellationToken)
    {
        await using var connection = await control.OpenAsync(cancellationToken);
        return await connection.Sql(
            $"""
            SELECT {Columns} FROM tenants
            WHERE ($1::text IS NULL OR state = $1)
              AND ($2::uuid IS NULL OR (created_at, id) < (SELECT created_at, id FROM tenants WHERE id = $2))
            ORDER BY created_at DESC, id DESC LIMIT $3
            """,
            state, before, limit).ListAsync(Read, cancellationToken);
    }

    /// <summary>Moves a tenant to a state. Doing it again is harmless.</summary>
    /// <exception cref="WrongTransitionException">That state cannot follow the one the tenant is in.</exception>
    public async Task EnterAsync(Guid id, TenantState state, CancellationToken cancellationToken)
    {
        await using var connection = await control.OpenAsync(cancellationToken);
        var changed = await connection.Sql(
            "UPDATE tenants SET state = $2, updated_at = now() WHERE id = $1 AND state = ANY ($3)",
            id, state, TenantLifecycle.Table.Before(state).Select(from => WireName.Of(from)).ToArray())
            .RunAsync(cancellationToken);
        if (changed == 0)
        {
            TenantLifecycle.Table.Check((await GetAsync(id, cancellationToken)).State, state, id.ToString());
        }
    }

    private static Tenant Read(NpgsqlDataReader row) => new()
    {
        Id = row.GetGuid(0),
        Company = row.GetString(1),
        Email = row.GetString(2),
        Plan = WireName.Parse<PlanId>(row.GetString(3)),
        State = WireName.Parse<TenantState>(row.GetString(4)),
        Signup = row.GetString(5),
        Recommendation = row.GetString(6),
        CreatedAt = row.GetFieldValue<DateTimeOffset>(7),
    };
}
