using System.Collections.Concurrent;
using Microsoft.DurableTask;
using Npgsql;
using WebHost.Testing;

namespace WebHost.Local.DurableTask.Tests.Engine;

public sealed class LeaseTests(HubFixture hubs)
{
    [Fact]
    public async Task Step_whose_lease_was_taken_over_is_not_stored()
    {
        using var log = new CollectedLog();
        using var entered = new SemaphoreSlim(0);
        using var proceed = new SemaphoreSlim(0);
        await using var hub = await hubs.StartAsync(
            registry => registry
                .AddOrchestratorFunc("Slow", async context =>
                {
                    await context.WaitForExternalEvent<string>("go");
                    entered.Release();
                    proceed.Wait();
                    return await context.CallActivityAsync<int>("Count");
                })
                .AddActivityFunc<object?, int>("Count", (_, _) => 1),
            logging: log);
        var id = await hub.StartAsync("Slow");
        await hub.Client.RaiseEventAsync(id, "go", "");
        await entered.WaitAsync();

        await ExecuteAsync(
            $"UPDATE {hub.Name}.instances SET owner = gen_random_uuid(), lease = lease + 1, leased_until = now() + interval '1 day'");
        proceed.Release(2);
        await Eventually.IsTrueAsync(() => Task.FromResult(
            log.Of("WebHost.Local.DurableTask.Hosting.OrchestrationDispatcher").Any(said => said.StartsWith("Lost the lease"))));
        Assert.Equal(0, await ScalarAsync($"SELECT count(*) FROM {hub.Name}.activities"));
        await ExecuteAsync($"UPDATE {hub.Name}.instances SET leased_until = now()");

        Assert.Equal(1, (await hub.EndOfAsync(id)).ReadOutputAs<int>());
        Assert.Equal(0, await ScalarAsync($"SELECT count(*) - max(step) - 1 FROM {hub.Name}.history"));
    }

    [Fact]
    public async Task Outcome_of_an_activity_whose_lease_was_taken_over_is_not_recorded()
    {
        var runs = new ConcurrentQueue<TaskCompletionSource<int>>();
        await using var hub = await hubs.StartAsync(
            registry => registry
                .AddOrchestratorFunc("Call", context => context.CallActivityAsync<int>("Slow"))
                .AddActivityFunc<object?, int>("Slow", (_, _) =>
                {
                    var run = new TaskCompletionSource<int>();
                    runs.Enqueue(run);
                    return run.Task;
                }));
        var id = await hub.StartAsync("Call");
        await Eventually.IsTrueAsync(() => Task.FromResult(runs.Count == 1));

        await ExecuteAsync(
            $"UPDATE {hub.Name}.activities SET owner = gen_random_uuid(), lease = lease + 1, available_at = now()");
        await Eventually.IsTrueAsync(() => Task.FromResult(runs.Count == 2));
        var (stale, current) = (runs.First(), runs.Last());
        stale.SetResult(1);
        await Eventually.IsTrueAsync(async () => await ScalarAsync($"SELECT count(*) FROM {hub.Name}.activities") == 1);
        current.SetResult(2);

        Assert.Equal(2, (await hub.EndOfAsync(id)).ReadOutputAs<int>());
    }

    [Fact]
    public async Task Lease_of_a_long_activity_is_renewed_so_that_it_runs_once()
    {
        var runs = 0;
        var enough = new TaskCompletionSource<int>();
        await using var hub = await hubs.StartAsync(
            registry => registry
                .AddOrchestratorFunc("Call", context => context.CallActivityAsync<int>("Long"))
                .AddActivityFunc<object?, int>("Long", (_, _) =>
                {
                    Interlocked.Increment(ref runs);
                    return enough.Task;
                }),
            configure: options => options.LeaseDuration = TimeSpan.FromSeconds(5));
        var id = await hub.StartAsync("Call");
        await Eventually.IsTrueAsync(() => Task.FromResult(runs == 1));

        // The lease that it began with has run out when this is so.
        await Eventually.IsTrueAsync(async () => await ScalarAsync(
            $"SELECT count(*) FROM {hub.Name}.activities a JOIN {hub.Name}.instances i USING (instance_id)"
            + " WHERE i.updated_at < now() - interval '7 s' AND a.available_at > now()") == 1);
        enough.SetResult(1);

        Assert.Equal(1, (await hub.EndOfAsync(id)).ReadOutputAs<int>());
        Assert.Equal(1, runs);
    }

    [Fact]
    public async Task Two_workers_share_one_hub()
    {
        var name = hubs.NewHubName();
        var counts = new int[2];
        var bothRun = new TaskCompletionSource();
        await using var first = await hubs.StartAsync(registry => Register(registry, 0), hubName: name, configure: Few);
        await using var second = await hubs.StartAsync(registry => Register(registry, 1), hubName: name, configure: Few);

        var ends = await Task.WhenAll(Enumerable.Range(0, 40).Select(i => first.RunAsync("Work", i)));

        Assert.Equal(Enumerable.Range(0, 40), ends.Select(end => end.ReadOutputAs<int>()).Order());
        Assert.Equal(40, counts.Sum());
        Assert.All(counts, count => Assert.InRange(count, 1, 39));

        void Register(DurableTaskRegistry registry, int worker) => registry
            .AddOrchestratorFunc<int, int>("Work", (context, i) => context.CallActivityAsync<int>("Share", i))
            .AddActivityFunc<int, int>("Share", async (_, i) =>
            {
                Interlocked.Increment(ref counts[worker]);
                if (counts.All(count => count > 0))
                {
                    bothRun.TrySetResult();
                }

                await bothRun.Task;
                return i;
            });

        static void Few(LocalDurableTaskOptions options) => options.MaxConcurrentActivities = 2;
    }

    [Fact]
    public async Task Workers_that_start_at_once_on_an_empty_database_agree()
    {
        var name = hubs.NewHubName();

        var started = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => hubs.StartAsync(
            registry => registry.AddOrchestratorFunc("Nothing", _ => Task.CompletedTask), hubName: name)));

        Assert.True((await started[3].RunAsync("Nothing")).IsCompleted);
        foreach (var hub in started)
        {
            await hub.DisposeAsync();
        }
    }

    [Fact]
    public async Task Stopping_waits_for_what_runs_and_stores_its_outcome()
    {
        var name = hubs.NewHubName();
        using var entered = new SemaphoreSlim(0);
        var hub = await hubs.StartAsync(
            registry => registry
                .AddOrchestratorFunc("Call", context => context.CallActivityAsync<int>("Long"))
                .AddActivityFunc<object?, int>("Long", async (_, _) =>
                {
                    entered.Release();
                    await Task.Delay(300);
                    return 5;
                }),
            hubName: name);
        var id = await hub.StartAsync("Call");
        await entered.WaitAsync();

        await hub.StopAsync();

        Assert.Equal(0, await ScalarAsync($"SELECT count(*) FROM {name}.activities"));
        Assert.Equal(0, await ScalarAsync($"SELECT count(*) FROM {name}.instances WHERE owner IS NOT NULL"));
        await hub.DisposeAsync();
        await using var next = await hubs.StartAsync(
            registry => registry.AddOrchestratorFunc("Call", context => context.CallActivityAsync<int>("Long")), hubName: name);
        Assert.Equal(5, (await next.EndOfAsync(id)).ReadOutputAs<int>());
    }

    private async Task ExecuteAsync(string sql)
    {
        await using var connection = new NpgsqlConnection(hubs.ConnectionString);
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync();
    }

    private async Task<long> ScalarAsync(string sql)
    {
        await using var connection = new NpgsqlConnection(hubs.ConnectionString);
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand(sql, connection);
        return (long)(await command.ExecuteScalarAsync())!;
    }
}
