using Microsoft.DurableTask.Client;
using Npgsql;
using WebHost.Testing;

namespace WebHost.Local.DurableTask.Tests.Chaos;

/// <summary>Starts journeys, and checks afterwards that each ended once, with the right answer, and left every trace.</summary>
internal sealed class JourneyLog(TestHub hub, string connectionString)
{
    private readonly List<string> _ids = [];

    /// <summary>Creates the tables for traces and for endings; a trigger writes down every time an orchestration ends.</summary>
    public async Task PrepareAsync()
    {
        await hub.Client.GetInstanceAsync("creates the hub", CancellationToken.None);
        await ExecuteAsync(
            $"""
            {Journey.Effects};
            CREATE TABLE endings (instance_id text, status smallint);
            CREATE FUNCTION ended() RETURNS trigger LANGUAGE plpgsql AS $$
                BEGIN INSERT INTO endings VALUES (NEW.instance_id, NEW.status); RETURN NULL; END $$;
            CREATE TRIGGER ended AFTER UPDATE ON {hub.Name}.instances
                FOR EACH ROW WHEN (NEW.finished_at IS NOT NULL AND OLD.finished_at IS NULL) EXECUTE FUNCTION ended();
            """);
    }

    public async Task StartAsync(int count)
    {
        _ids.AddRange(Enumerable.Range(0, count).Select(i => $"journey-{i}"));
        await Task.WhenAll(_ids.Select((id, number) => hub.StartAsync(Journey.Name, number, id)));
    }

    /// <summary>Lets the journeys go on that wait for it, spread over the time given.</summary>
    public async Task SendOffAsync(TimeSpan during)
    {
        for (var number = 0; number < _ids.Count; number++)
        {
            await hub.Client.RaiseEventAsync(_ids[number], "go", number * 7);
            await Task.Delay(during / _ids.Count);
        }
    }

    public async Task AssertAllArrivedAsync(TimeSpan deadline)
    {
        await Eventually.IsTrueAsync(
            async () => await ScalarAsync($"SELECT count(*) FROM {hub.Name}.instances WHERE finished_at IS NULL") == 0, deadline);
        for (var number = 0; number < _ids.Count; number++)
        {
            var end = await hub.StateOfAsync(_ids[number]);
            Assert.Equal(OrchestrationRuntimeStatus.Completed, end.RuntimeStatus);
            Assert.Equal(Journey.Answer(number), end.ReadOutputAs<int>());
        }

        Assert.Equal(2 * _ids.Count, await ScalarAsync($"SELECT count(*) FROM {hub.Name}.instances"));
        Assert.Equal(2 * _ids.Count, await ScalarAsync("SELECT count(*) FROM endings"));
        Assert.Equal(2 * _ids.Count, await ScalarAsync("SELECT count(DISTINCT instance_id) FROM endings"));
        Assert.Equal(0, await ScalarAsync($"SELECT count(*) FROM {hub.Name}.inbox"));
        Assert.Equal(0, await ScalarAsync($"SELECT count(*) FROM {hub.Name}.activities"));
        var recorded = $"""
            SELECT instance_id, execution_id, outcome[2] AS task_id, count(*) AS times
            FROM {hub.Name}.history, regexp_matches(body, '"type":"(completed|failed)","taskId":(\d+)', 'g') AS outcome
            GROUP BY 1, 2, 3
            """;
        Assert.Equal(0, await ScalarAsync($"SELECT count(*) FROM ({recorded}) AS r WHERE times > 1"));
        Assert.InRange(
            await ScalarAsync($"SELECT count(*) FROM ({recorded}) AS r"),
            _ids.Count * (Journey.Places("").Count() + 1), // each visit and the leg, and a failure now and then
            int.MaxValue);
        foreach (var (id, place) in _ids.SelectMany(Journey.Places))
        {
            Assert.NotEqual(0, await ScalarAsync($"SELECT count(*) FROM effects WHERE instance_id = '{id}' AND place = '{place}'"));
        }
    }

    private async Task ExecuteAsync(string sql)
    {
        await using var database = NpgsqlDataSource.Create(connectionString);
        await using var command = database.CreateCommand(sql);
        await command.ExecuteNonQueryAsync();
    }

    private async Task<int> ScalarAsync(string sql)
    {
        await using var connection = new NpgsqlConnection(connectionString);
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand(sql, connection);
        return (int)(long)(await command.ExecuteScalarAsync())!;
    }
}
