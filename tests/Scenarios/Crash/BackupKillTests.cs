using System.Net;
using System.Text.Json;
using Npgsql;
using WebHost.Scenarios.Callers;
using WebHost.Scenarios.Gps;
using WebHost.Scenarios.Hosting;
using WebHost.Scenarios.Migrations;
using WebHost.Testing;

namespace WebHost.Scenarios.Crash;

/// <summary>The host dies without a word while a tenant is backed up, and while a backup is tried.</summary>
public sealed class BackupKillTests : Scenario
{
    private const int Points = 6_000;
    private const int Days = 12;
    private const int LatestKill = 4_000;

    private static readonly DateTimeOffset Start = new(2026, 3, 14, 8, 0, 0, TimeSpan.Zero);

    [Fact]
    public async Task Backup_whose_host_is_killed_ends_and_what_is_listed_as_finished_can_be_restored_whole()
    {
        var moments = IsLongRun ? 25 : 2;
        var tenantId = await StartWithPointsAsync("killbackup");
        var random = new Random(Seed());

        for (var moment = 0; moment < moments; moment++)
        {
            var backup = (await App.Operator.PostAsync($"api/tenants/{tenantId}/backups", null))
                .Expect(HttpStatusCode.Accepted).Json.GetProperty("operationId").GetGuid();
            await KillAfterAsync(random, moment);

            var ended = await App.WaitUntilOverAsync(backup);
            if (ended.Text("state") == "failed")
            {
                backup = (await App.Operator.PostAsync($"api/operations/{backup}/retry", null))
                    .Expect(HttpStatusCode.Accepted).Json.GetProperty("operationId").GetGuid();
                ended = await App.WaitUntilOverAsync(backup);
            }

            Assert.True(ended.Text("state") == "succeeded", ended.ToString());
            var listed = await ListAsync(tenantId);
            Assert.DoesNotContain(listed, item => item.Text("state") == "running");
            Assert.Equal("finished", listed.Single(item => item.GetProperty("id").GetGuid() == backup).Text("state"));
        }

        foreach (var finished in (await ListAsync(tenantId)).Where(item => item.Text("state") == "finished"))
        {
            var proof = await App.WaitUntilOverAsync(await StartProofAsync(tenantId, finished.GetProperty("id").GetGuid()));
            Assert.True(proof.Text("state") == "succeeded", proof.ToString());
            Assert.True(finished.GetProperty("rows").GetInt64() >= Points, finished.ToString());
        }
    }

    [Fact]
    public async Task Proof_and_restore_whose_host_is_killed_end_and_leave_no_database()
    {
        var moments = IsLongRun ? 25 : 2;
        var tenantId = await StartWithPointsAsync("killproof");
        var backup = (await App.Operator.PostAsync($"api/tenants/{tenantId}/backups", null))
            .Expect(HttpStatusCode.Accepted).Json.GetProperty("operationId").GetGuid();
        Assert.Equal("succeeded", (await App.WaitUntilOverAsync(backup)).Text("state"));
        var random = new Random(Seed());
        var operations = new List<Guid>();

        for (var moment = 0; moment < moments; moment++)
        {
            operations.Add(await StartProofAsync(tenantId, backup));
            operations.Add((await App.Operator.PostAsync($"api/tenants/{tenantId}/restores", new { backupId = backup }))
                .Expect(HttpStatusCode.Accepted).Json.GetProperty("operationId").GetGuid());
            await KillAfterAsync(random, moment);

            foreach (var operation in operations.TakeLast(2))
            {
                var ended = await App.WaitUntilOverAsync(operation);
                Assert.True(ended.Text("state") == "succeeded", ended.ToString());
            }
        }

        var archives = (await App.Operator.GetAsync($"api/tenants/{tenantId}/archives")).Expect(HttpStatusCode.OK).Json
            .GetProperty("items").EnumerateArray().ToList();
        Assert.Equal(moments, archives.Count);
        Assert.Single(archives.Select(archive => archive.GetProperty("rows").GetInt64()).Distinct());
        await using var server = NpgsqlDataSource.Create(
            new NpgsqlConnectionStringBuilder(TestDatabase.ServerConnectionString) { MaxPoolSize = 2 });
        Assert.Empty(await server.ListAsync<string>(
            "SELECT datname FROM pg_database WHERE datname = ANY ($1)",
            (object)operations.Select(id => $"webhost_scratch_{id:n}").ToArray()));
    }

    private static int Seed()
    {
        var seed = Environment.TickCount;
        Say($"Seed {seed}");
        return seed;
    }

    private async Task<Guid> StartWithPointsAsync(string purpose)
    {
        await StartAsync(purpose, new AppOptions
        {
            Settings = new Dictionary<string, string>
            {
                ["Backups__ScratchDatabase"] = TestDatabase.ServerConnectionString,
            },
        });
        var tenantId = (await App.SignUpToTheEndAsync(SignupData.Hobby)).TenantId;
        var tracker = await App.AddDeviceAsync(tenantId);
        (await App.PostPointsAsync(
            tracker, Enumerable.Range(0, Points).Select(i => FleetCalls.Point(Start.AddDays(i % Days).AddSeconds(i), 46, 14))))
            .Expect(HttpStatusCode.OK);
        await App.WaitForTrackAsync(tracker, Points);
        return tenantId;
    }

    private async Task KillAfterAsync(Random random, int moment)
    {
        var delay = TimeSpan.FromMilliseconds(random.Next(LatestKill));
        Say($"Moment {moment}: killed {delay.TotalMilliseconds} ms after the start");
        await Task.Delay(delay, Cancellation);
        await App.KillHostAsync();
        await App.StartHostAsync();
    }

    private async Task<List<JsonElement>> ListAsync(Guid tenantId) =>
    [
        .. (await App.Operator.GetAsync($"api/tenants/{tenantId}/backups")).Expect(HttpStatusCode.OK).Json
            .GetProperty("items").EnumerateArray(),
    ];

    // By the clock it would be tried within hours, and chance picks which. An operation that was accepted by a process that died
    // before it could start it is started by the next.
    private async Task<Guid> StartProofAsync(Guid tenantId, Guid backup)
    {
        var id = Guid.CreateVersion7();
        var input = JsonSerializer.Serialize(new
        {
            OperationId = id,
            TenantId = tenantId,
            BackupId = backup,
            Retries = new { Attempts = 3, FirstInterval = "00:00:00.05", LongestInterval = "00:00:01" },
        });
        await using var control = NpgsqlDataSource.Create(
            new NpgsqlConnectionStringBuilder(App.ControlDatabase) { MaxPoolSize = 2 });
        await control.ExecuteAsync(
            """
            WITH accepted AS (
                INSERT INTO operations (id, kind, tenant_id, orchestrator, input, state, created_at)
                VALUES ($1, 'prove-backup', $2, 'ProveBackup', $3::jsonb, 'pending', now() - interval '1 min') RETURNING id)
            INSERT INTO operation_steps (operation_id, number, name, title, state)
            SELECT id, 1, 'RestoreOnScratch', 'Restore and compare', 'pending' FROM accepted
            """,
            id, tenantId, input);
        return id;
    }
}
