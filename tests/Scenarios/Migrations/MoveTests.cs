using System.IO.Compression;
using System.Net;
using WebHost.Scenarios.Callers;
using WebHost.Scenarios.Gps;
using WebHost.Scenarios.Hosting;

namespace WebHost.Scenarios.Migrations;

/// <summary>Moves of every kind, and what an operator may ask of them.</summary>
public sealed class MoveTests : Scenario
{
    private static readonly AppOptions Options = new()
    {
        Servers = [150, 150],
        Settings = new Dictionary<string, string>
        {
            ["Migrations__RetryWindow"] = "00:05:00",
            ["Migrations__AtOnce"] = "2",
        },
    };

    [Fact]
    public async Task Tenant_moves_between_plans_and_regions_of_Fly_and_back_to_another_server()
    {
        await StartAsync("moves", Options);
        var tenant = await App.SignUpToTheEndAsync(SignupData.Starter);
        var tracker = await AddPointsAsync(tenant, DateTimeOffset.UtcNow.AddDays(-2), 10);

        await MoveAsync(tenant, new { kind = "upgrade" }, "professional", "fra");
        await MoveAsync(tenant, new { kind = "relocate", region = "ams" }, "professional", "ams");
        await MoveAsync(tenant, new { kind = "downgrade", plan = "hobby" }, "hobby", "fsn1");
        var first = (await App.GetTenantAsync(tenant.TenantId)).GetProperty("infrastructure").Text("server");
        await MoveAsync(tenant, new { kind = "relocate" }, "hobby", "fsn1");
        var second = (await App.GetTenantAsync(tenant.TenantId)).GetProperty("infrastructure").Text("server");

        Assert.NotEqual(first, second);
        Assert.Equal(10, (await App.ReadTrackAsync(tracker)).Count);
        Assert.Empty(await App.GetOrphansAsync([tenant]));
    }

    [Fact]
    public async Task History_that_the_new_plan_does_not_retain_is_downloaded_from_the_archive()
    {
        await StartAsync("archive", Options);
        var tenant = await App.SignUpToTheEndAsync(SignupData.Starter);
        var old = await AddPointsAsync(tenant, DateTimeOffset.UtcNow.AddDays(-60), 7);
        var recent = await AddPointsAsync(tenant, DateTimeOffset.UtcNow.AddDays(-2), 5);

        var refused = await App.Operator.PostAsync($"api/tenants/{tenant.TenantId}/migrations", new { kind = "downgrade" });
        Assert.Equal(
            "retention", refused.Expect(HttpStatusCode.UnprocessableEntity).Json.GetProperty("errors").EnumerateObject().Single().Name);
        await MoveAsync(tenant, new { kind = "downgrade", acceptArchive = true }, "hobby", "fsn1");

        Assert.Empty(await App.ReadTrackAsync(old));
        Assert.Equal(5, (await App.ReadTrackAsync(recent)).Count);
        var archive = (await App.Operator.GetAsync($"api/tenants/{tenant.TenantId}/archives"))
            .Expect(HttpStatusCode.OK).Json.GetProperty("items").EnumerateArray().Single();
        using var http = new HttpClient { BaseAddress = App.Url };
        http.DefaultRequestHeaders.Authorization = new("Bearer", await App.CreateKeyAsync(tenant.TenantId));
        await using var file = await http.GetStreamAsync(
            new Uri($"api/tenants/{tenant.TenantId}/archives/{archive.Text("id")}", UriKind.Relative), Cancellation);
        using var copy = new MemoryStream();
        await file.CopyToAsync(copy, Cancellation);
        using var zip = new ZipArchive(copy);
        Assert.Contains(zip.Entries, entry => entry.Name == "manifest.json");
        Assert.Single(zip.Entries, entry => entry.Name.StartsWith("points.", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Tenants_who_leave_one_server_at_once_take_turns_and_all_arrive()
    {
        await StartAsync("turns", Options);
        var tenants = await Task.WhenAll(Enumerable.Range(0, IsLongRun ? 10 : 4).Select(_ => App.SignUpToTheEndAsync(SignupData.Hobby)));

        var moves = await Task.WhenAll(tenants.Select(tenant => App.StartMoveAsync(tenant.TenantId, new { kind = "relocate" })));
        foreach (var (tenant, move) in tenants.Zip(moves))
        {
            (await App.Operator.PostAsync($"api/tenants/{tenant.TenantId}/migrations", new { kind = "upgrade" }))
                .ExpectProblem(HttpStatusCode.Conflict);
            await App.WaitUntilKeptAsync(move);
        }
    }

    [Theory]
    [InlineData("differs by one row", "NEW.battery := 17; RETURN NEW", "failed")]
    [InlineData("is full", "RAISE EXCEPTION 'could not extend file: No space left on device' USING ERRCODE = '53100'", "stalled")]
    public async Task Target_that_does_not_take_rows_as_they_are_leaves_the_tenant_where_it_is(string how, string trigger, string ends)
    {
        await StartAsync("badtarget", Options);
        var tenant = await App.SignUpToTheEndAsync(SignupData.Hobby);
        var whole = await App.GetHoldingsAsync(tenant);
        var tracker = await AddPointsAsync(tenant, DateTimeOffset.UtcNow.AddDays(-2), 10);

        // Slow enough to spoil the database before anything is brought there.
        await App.Simulators.AddFaultAsync(new VendorFault("fly", "CreateAddOn", "slow", DelayMs: 5000));
        var move = await App.StartMoveAsync(tenant.TenantId, new { kind = "upgrade" });
        await App.WaitForOperationAsync(
            move, operation => operation.ToString().Contains("Role wh_", StringComparison.Ordinal));
        await using (var target = LocalApp.OpenTenantDatabase($"webhost-{tenant.Short}-e2-db"))
        {
            await target.ExecuteAsync(
                $"""
                CREATE FUNCTION fleet.spoil() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {trigger}; END $$;
                CREATE TRIGGER spoil BEFORE INSERT ON fleet.points FOR EACH ROW EXECUTE FUNCTION fleet.spoil();
                """);
        }

        var quiet = await App.WaitUntilQuietAsync(move);
        var error = quiet.GetProperty("error").Text("message");
        Say($"A target that {how}: {error}");
        if (ends == "stalled")
        {
            Assert.Contains("No space left on device", error, StringComparison.Ordinal);
            await App.SteerAsync(move, "cancel");
            Assert.Equal("cancelled", (await App.WaitUntilOverAsync(move)).Text("state"));
        }
        else
        {
            Assert.Contains($"Table points, day {DateTime.UtcNow.AddDays(-2):yyyy-MM-dd}", error, StringComparison.Ordinal);
            Assert.Equal("failed", (await App.WaitUntilOverAsync(move)).Text("state"));
        }

        Assert.Equal(("hobby", 10), ((await App.GetTenantAsync(tenant.TenantId)).Text("plan"), (await App.ReadTrackAsync(tracker)).Count));
        Assert.Equal(whole, await App.GetHoldingsAsync(tenant));
    }

    private async Task MoveAsync(SignedUp tenant, object request, string plan, string region)
    {
        var move = await App.StartMoveAsync(tenant.TenantId, request);
        var kept = await App.WaitUntilKeptAsync(move);
        await App.SteerAsync(move, "commit");
        var ended = await App.WaitUntilOverAsync(move);
        Assert.True(ended.Text("state") == "succeeded", ended.ToString());
        var now = await App.GetTenantAsync(tenant.TenantId);
        Assert.Equal((plan, region), (now.Text("plan"), now.GetProperty("infrastructure").Text("region")));
        Say($"{request}: {kept.GetProperty("figures").GetProperty("cutover")}");
    }

    private async Task<Tracker> AddPointsAsync(SignedUp tenant, DateTimeOffset first, int count)
    {
        var tracker = await App.AddDeviceAsync(tenant.TenantId);
        var points = Enumerable.Range(0, count).Select(i => FleetCalls.Point(first.AddSeconds(i), 46, 14));
        (await App.PostPointsAsync(tracker, points)).Expect(HttpStatusCode.OK);
        await App.WaitForTrackAsync(tracker, count);
        return tracker;
    }
}
