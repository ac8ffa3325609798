using Npgsql;
using WebHost.Testing;

namespace WebHost.Local.Functions.Tests;

public sealed class TimerTests : IAsyncLifetime
{
    private TestDatabase? _database;

    private string ConnectionString =>
        new NpgsqlConnectionStringBuilder(_database!.ConnectionString) { MaxPoolSize = 10 }.ConnectionString;

    public async ValueTask InitializeAsync() => _database = await TestDatabase.CreateAsync("timers");

    public ValueTask DisposeAsync() => _database!.DisposeAsync();

    [Fact]
    public async Task Two_processes_on_one_database_run_a_timer_in_turn_and_never_at_once()
    {
        var started = DateTimeOffset.UtcNow;
        await using var first = await StartAsync<TimerTestFunctions>();
        await using var second = await StartAsync<TimerTestFunctions>();

        await Eventually.IsTrueAsync(
            () => Task.FromResult(first.Recorder.Count("end") + second.Recorder.Count("end") >= 3));

        var ran = first.Recorder.Count("begin") + second.Recorder.Count("begin");
        Assert.InRange(ran, 3, (DateTimeOffset.UtcNow - started).TotalSeconds + 1);
    }

    [Fact]
    public async Task Ticks_that_were_missed_run_once_and_say_so()
    {
        await using (var application = await StartAsync<TimerTestFunctions>())
        {
            await Eventually.IsTrueAsync(() => RowsAsync("WHERE name = 'Yearly'", 1));
        }

        await ExecuteAsync(
            "UPDATE functions_host.timer SET last_run = '2020-01-01Z', next_due = '2021-01-01Z' WHERE name = 'Yearly'");
        await using var again = await StartAsync<TimerTestFunctions>();

        await Eventually.IsTrueAsync(() => RowsAsync("WHERE name = 'Yearly' AND next_due > now()", 1));
        Assert.Equal(["yearly past due True last 2020"], again.Recorder.Events.Where(entry => entry.StartsWith("yearly", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task A_changed_schedule_holds_from_the_next_start()
    {
        await using (var application = await StartAsync<TimerTestFunctions>())
        {
            await Eventually.IsTrueAsync(() => RowsAsync("WHERE name = 'Yearly'", 1));
        }

        await using var again = await StartAsync<TimerTestFunctions>("* * * * * *");

        await Eventually.IsTrueAsync(() => Task.FromResult(again.Recorder.Count("yearly past due False last 0001") == 1));
    }

    [Fact]
    public async Task A_timer_runs_at_startup_when_it_says_so_and_its_failure_is_one_error()
    {
        await using var application = await StartAsync<StartupTimerFunctions>();

        await Eventually.IsTrueAsync(() => RowsAsync("WHERE name = 'AtStartup' AND last_run IS NOT NULL", 1));

        Assert.Equal(1, application.Recorder.Count("started"));
        Assert.Single(
            application.Recorder.Logs, log => log.StartsWith("Error: Function 'AtStartup' failed", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_run_whose_lock_is_lost_is_cancelled_and_stays_due()
    {
        await using var application = await StartAsync<LongTimerFunctions>();
        await Eventually.IsTrueAsync(() => Task.FromResult(application.Recorder.Count("begin") == 1));

        await ExecuteAsync(
            "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND objsubid = 1"
            + " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())");

        await Eventually.IsTrueAsync(() => Task.FromResult(application.Recorder.Count("cancelled") == 1));
        await Eventually.IsTrueAsync(() => Task.FromResult(application.Recorder.Count("begin") == 2));
    }

    [Fact]
    public async Task A_timer_that_a_setting_disables_does_not_run_and_others_do()
    {
        await using var application = await StartAsync<TimerTestFunctions>("* * * * * *", disabled: "Yearly");

        await Eventually.IsTrueAsync(() => Task.FromResult(application.Recorder.Count("end") == 2));

        Assert.DoesNotContain(application.Recorder.Events, entry => entry.StartsWith("yearly", StringComparison.Ordinal));
    }

    private Task<TestApplication> StartAsync<T>(string yearly = "0 0 0 1 1 *", string disabled = "None") =>
        TestApplication.StartAsync(
            [typeof(T)],
            new()
            {
                ["LocalHost:Database"] = ConnectionString,
                ["YearlySchedule"] = yearly,
                [$"AzureWebJobs.{disabled}.Disabled"] = "true",
            });

    private async Task<bool> RowsAsync(string where, long expected) =>
        await ExecuteAsync($"SELECT count(*) FROM functions_host.timer {where}") is long count && count == expected;

    private async Task<object?> ExecuteAsync(string sql)
    {
        await using var connection = new NpgsqlConnection(ConnectionString);
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand(sql, connection);
        return await command.ExecuteScalarAsync();
    }
}
