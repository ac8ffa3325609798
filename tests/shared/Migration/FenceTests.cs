using Npgsql;
using WebHost.Data;
using WebHost.Migration;
using WebHost.Placement;

namespace WebHost.Tests.Migration;

public sealed class FenceTests(MigrationFixture fixture) : IClassFixture<MigrationFixture>
{
    private const long Epoch = 7;

    private static readonly Guid Holder = Guid.NewGuid();
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    /// <summary>
    /// Every state a customer can be in, every call, at the epochs around the customer's own: what comes of it, or nothing when
    /// the database refuses.
    /// </summary>
    [Theory]
    [InlineData("served 7", "fence", 6, null)]
    [InlineData("served 7", "fence", 7, "fenced 7")]
    [InlineData("served 7", "fence", 8, null)]
    [InlineData("fenced 7", "fence", 6, null)]
    [InlineData("fenced 7", "fence", 7, "fenced 7")]
    [InlineData("fenced 7", "fence", 8, null)]
    [InlineData("away 7", "fence", 6, null)]
    [InlineData("away 7", "fence", 7, null)]
    [InlineData("away 7", "fence", 8, null)]
    [InlineData("served 7", "release", 6, null)]
    [InlineData("served 7", "release", 7, "served 7")]
    [InlineData("served 7", "release", 8, null)]
    [InlineData("fenced 7", "release", 6, null)]
    [InlineData("fenced 7", "release", 7, "served 7")]
    [InlineData("fenced 7", "release", 8, null)]
    [InlineData("away 7", "release", 6, null)]
    [InlineData("away 7", "release", 7, null)]
    [InlineData("away 7", "release", 8, null)]
    [InlineData("served 7", "hand_over", 6, null)]
    [InlineData("served 7", "hand_over", 7, null)]
    [InlineData("served 7", "hand_over", 8, null)]
    [InlineData("fenced 7", "hand_over", 6, null)]
    [InlineData("fenced 7", "hand_over", 7, "away 8")]
    [InlineData("fenced 7", "hand_over", 8, null)]
    [InlineData("away 7", "hand_over", 6, "away 7")]
    [InlineData("away 7", "hand_over", 7, null)]
    [InlineData("away 7", "hand_over", 8, null)]
    [InlineData("served 7", "take_over", 6, null)]
    [InlineData("served 7", "take_over", 7, "served 7")]
    [InlineData("served 7", "take_over", 8, null)]
    [InlineData("fenced 7", "take_over", 6, null)]
    [InlineData("fenced 7", "take_over", 7, null)]
    [InlineData("fenced 7", "take_over", 8, null)]
    [InlineData("away 7", "take_over", 6, null)]
    [InlineData("away 7", "take_over", 7, "served 7")]
    [InlineData("away 7", "take_over", 8, "served 8")]
    public async Task Call_in_a_state_leads_to(string state, string call, long epoch, string? after)
    {
        var tenantId = Guid.CreateVersion7();
        await fixture.RunAsync(
            fixture.Source,
            """
            INSERT INTO fleet.customers (customer_id, role_name, epoch, writable, away, fence)
            VALUES ($1, $1::text::name, $2, $3 = 'served 7', $3 = 'away 7', CASE WHEN $3 <> 'served 7' THEN $4::uuid END)
            """,
            tenantId, Epoch, state, Holder);

        var refused = await Record.ExceptionAsync(() => call switch
        {
            "fence" => fixture.Fence.CloseAsync(fixture.Source, tenantId, epoch, Holder, Patience, default),
            "release" => fixture.Fence.ReleaseAsync(fixture.Source, tenantId, epoch, Holder, default),
            "hand_over" => fixture.Fence.HandOverAsync(fixture.Source, tenantId, epoch, Holder, default),
            _ => fixture.Fence.TakeOverAsync(fixture.Source, tenantId, epoch, default),
        });

        if (after is null)
        {
            Assert.IsType<FenceRefusedException>(refused);
        }
        else
        {
            Assert.Null(refused);
        }

        Assert.Equal(after ?? state, await StateAsync(fixture.Source, tenantId));
    }

    [Fact]
    public async Task Call_for_a_customer_who_is_not_known_is_refused() =>
        await Assert.ThrowsAsync<FenceRefusedException>(
            () => fixture.Fence.TakeOverAsync(fixture.Source, Guid.CreateVersion7(), 1, default));

    [Fact]
    public async Task Tenant_is_written_at_the_target_alone_once_it_has_taken_over_and_at_the_source_again_after_the_way_back()
    {
        var tenant = await fixture.AddMovingTenantAsync();
        var moved = tenant with { Epoch = 2, Home = 2 };
        Assert.Equal(PostgresFaults.Moved, await WriteAsync(fixture.Target, moved, epoch: 1));

        await fixture.Fence.CloseAsync(fixture.Source, tenant.TenantId, 1, Holder, Patience, default);
        Assert.Equal(PostgresFaults.Fenced, await WriteAsync(fixture.Source, tenant, epoch: 1));
        Assert.Equal(PostgresFaults.Fenced, await WriteAsync(fixture.Target, moved, epoch: 2));
        await fixture.Fence.HandOverAsync(fixture.Source, tenant.TenantId, 1, Holder, default);
        await fixture.Fence.TakeOverAsync(fixture.Target, tenant.TenantId, 2, default);

        // A process that still believes in the old place, and one that comes late with giving the move up.
        Assert.Equal(PostgresFaults.Moved, await WriteAsync(fixture.Source, tenant, epoch: 1));
        await Assert.ThrowsAsync<FenceRefusedException>(
            () => fixture.Fence.ReleaseAsync(fixture.Source, tenant.TenantId, 1, Holder, default));
        Assert.Equal(PostgresFaults.Moved, await WriteAsync(fixture.Source, tenant, epoch: 1));
        Assert.Null(await WriteAsync(fixture.Target, moved, epoch: 2));

        await fixture.Fence.CloseAsync(fixture.Target, tenant.TenantId, 2, Holder, Patience, default);
        await fixture.Fence.HandOverAsync(fixture.Target, tenant.TenantId, 2, Holder, default);
        await fixture.Fence.TakeOverAsync(fixture.Source, tenant.TenantId, 3, default);
        Assert.Equal(PostgresFaults.Moved, await WriteAsync(fixture.Target, moved, epoch: 2));
        Assert.Null(await WriteAsync(fixture.Source, tenant, epoch: 3));
    }

    [Fact]
    public async Task Attempt_whose_fence_another_has_taken_can_neither_release_nor_hand_over()
    {
        var tenant = await fixture.AddMovingTenantAsync();
        var other = Guid.NewGuid();
        await fixture.Fence.CloseAsync(fixture.Source, tenant.TenantId, 1, Holder, Patience, default);
        await fixture.Fence.CloseAsync(fixture.Source, tenant.TenantId, 1, other, Patience, default);

        await Assert.ThrowsAsync<FenceRefusedException>(
            () => fixture.Fence.ReleaseAsync(fixture.Source, tenant.TenantId, 1, Holder, default));
        await Assert.ThrowsAsync<FenceRefusedException>(
            () => fixture.Fence.HandOverAsync(fixture.Source, tenant.TenantId, 1, Holder, default));

        Assert.Equal("fenced 1", await StateAsync(fixture.Source, tenant.TenantId));
        await fixture.Fence.HandOverAsync(fixture.Source, tenant.TenantId, 1, other, default);
    }

    [Fact]
    public async Task Fence_that_is_forgotten_is_lifted_and_its_holder_can_hand_over_nothing()
    {
        var tenant = await fixture.AddMovingTenantAsync();
        await fixture.Fence.CloseAsync(fixture.Source, tenant.TenantId, 1, Holder, Patience, default);

        Assert.False(await fixture.Fence.ReleaseForgottenAsync(
            fixture.Source, tenant.TenantId, TimeSpan.FromHours(1), default));
        Assert.True(await fixture.Fence.ReleaseForgottenAsync(fixture.Source, tenant.TenantId, TimeSpan.Zero, default));

        Assert.Null(await WriteAsync(fixture.Source, tenant, epoch: 1));
        await Assert.ThrowsAsync<FenceRefusedException>(
            () => fixture.Fence.HandOverAsync(fixture.Source, tenant.TenantId, 1, Holder, default));
    }

    [Fact]
    public async Task Close_gives_up_when_a_write_takes_too_long_and_the_tenant_is_served_as_before()
    {
        var tenant = await fixture.Control.AddServedTenantAsync();
        await using var connection = await fixture.Control.OpenAsync(tenant.Names.TenantRole);
        await using var writing = await connection.BeginTransactionAsync();
        await TenantDatabaseSetup.ActAsAsync(writing, tenant.TenantId, default);
        await writing.Sql("SELECT fleet.begin_write(1)").RunAsync();

        await Assert.ThrowsAsync<TimeoutException>(() => fixture.Fence.CloseAsync(
            fixture.Source, tenant.TenantId, 1, Holder, TimeSpan.FromMilliseconds(100), default));

        Assert.Null(await WriteAsync(fixture.Source, tenant, epoch: 1));
    }

    [Fact]
    public async Task Expect_of_a_tenant_whom_the_database_serves_is_refused()
    {
        var tenant = await fixture.Control.AddServedTenantAsync();

        await Assert.ThrowsAsync<InvalidOperationException>(
            () => fixture.Control.Setup.ExpectTenantAsync(fixture.Source, tenant with { Epoch = 2 }, default));

        Assert.Equal("served 1", await StateAsync(fixture.Source, tenant.TenantId));
    }

    [Fact]
    public async Task Write_between_handing_over_and_the_new_placement_is_told_to_come_again()
    {
        var tenant = await fixture.Control.AddRoutedTenantAsync();
        var sessions = fixture.Control.NewSessions();
        await fixture.Fence.CloseAsync(fixture.Source, tenant.TenantId, 1, Holder, Patience, default);
        await fixture.Fence.HandOverAsync(fixture.Source, tenant.TenantId, 1, Holder, default);

        await Assert.ThrowsAsync<TenantFencedException>(
            () => sessions.WriteAsync(tenant.TenantId, _ => Task.FromResult(true), default));
        Assert.True(await sessions.ReadAsync(tenant.TenantId, _ => Task.FromResult(true), default));
    }

    [Fact]
    public async Task Write_between_the_new_placement_and_taking_over_is_told_to_come_again()
    {
        var tenant = await fixture.Control.AddRoutedTenantAsync();
        var sessions = fixture.Control.NewSessions();
        await sessions.WriteAsync(tenant.TenantId, _ => Task.FromResult(true), default);
        await fixture.Fence.CloseAsync(fixture.Source, tenant.TenantId, 1, Holder, Patience, default);
        await fixture.Fence.HandOverAsync(fixture.Source, tenant.TenantId, 1, Holder, default);
        await fixture.Control.Control.TransactAsync(
            transaction => PlacementStore.MoveAsync(transaction, tenant.TenantId, from: 1, to: 3, tenant.Home, default), default);

        await Assert.ThrowsAsync<TenantFencedException>(
            () => sessions.WriteAsync(tenant.TenantId, _ => Task.FromResult(true), default));

        await fixture.Fence.TakeOverAsync(fixture.Source, tenant.TenantId, 3, default);
        Assert.True(await sessions.WriteAsync(tenant.TenantId, _ => Task.FromResult(true), default));
    }

    private async Task<string?> StateAsync(TenantDatabaseAddress database, Guid tenantId) =>
        await fixture.Control.AskAtAsync<string>(
            database,
            """
            SELECT CASE WHEN writable THEN 'served' WHEN away THEN 'away' ELSE 'fenced' END || ' ' || epoch
            FROM fleet.customers WHERE customer_id = $1
            """,
            tenantId);

    // SQLSTATE of the refusal; null when the write goes through.
    private async Task<string?> WriteAsync(TenantDatabaseAddress database, TenantPlacement tenant, long epoch)
    {
        await using var connection = await fixture.Control.OpenAsync(tenant.Names.TenantRole, database);
        await using var transaction = await connection.BeginTransactionAsync();
        await TenantDatabaseSetup.ActAsAsync(transaction, tenant.TenantId, default);
        try
        {
            await transaction.Sql("SELECT fleet.begin_write($1)", epoch).RunAsync();
            return null;
        }
        catch (PostgresException refused)
        {
            return refused.SqlState;
        }
    }
}
