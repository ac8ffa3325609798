using Microsoft.DurableTask;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;

namespace WebHost.Local.DurableTask.Tests.Chaos;

/// <summary>An orchestration with a bit of everything, whose activities leave a trace of each time they ran.</summary>
internal static class Journey
{
    public const string Name = "Journey";
    public const string Effects = "CREATE TABLE IF NOT EXISTS effects (instance_id text, place text, value integer)";

    private static readonly int[] Middle = [10, 20, 30];
    private static readonly TaskOptions Stubborn = new(new RetryPolicy(50, TimeSpan.FromMilliseconds(20)));

    /// <summary>The answer of a journey that got through.</summary>
    public static int Answer(int number) => number + (10 + 20 + 30) + (number * 7) + (2 * number);

    /// <summary>Where each journey must have left its trace, by instance id.</summary>
    public static IEnumerable<(string InstanceId, string Place)> Places(string id) =>
        [(id, "start"), (id, "10"), (id, "20"), (id, "30"), ($"{id}/leg", "leg 1"), ($"{id}/leg", "leg 2")];

    public static void Register(DurableTaskRegistry registry) => registry
        .AddOrchestratorFunc<int, int>(Name, RunAsync)
        .AddOrchestratorFunc<int, int>("Leg", async (context, number) =>
            await VisitAsync(context, "leg 1", number) + await VisitAsync(context, "leg 2", number))
        .AddActivity("Visit", services => new VisitActivity(services.GetRequiredService<NpgsqlDataSource>()));

    private static async Task<int> RunAsync(TaskOrchestrationContext context, int number)
    {
        var start = await VisitAsync(context, "start", number);
        var middle = await Task.WhenAll(Middle.Select(value => VisitAsync(context, $"{value}", value)));
        await context.CreateTimer(TimeSpan.FromMilliseconds(100 + (number % 7 * 100)), CancellationToken.None);
        var sent = await context.WaitForExternalEvent<int>("go");
        var leg = await context.CallSubOrchestratorAsync<int>(
            "Leg", number, new SubOrchestrationOptions(instanceId: $"{context.InstanceId}/leg"));
        return start + middle.Sum() + sent + leg;
    }

    private static Task<int> VisitAsync(TaskOrchestrationContext context, string place, int value) =>
        context.CallActivityAsync<int>("Visit", new Visit(place, value), Stubborn);

    private sealed record Visit(string Place, int Value);

    private sealed class VisitActivity(NpgsqlDataSource database) : TaskActivity<Visit, int>
    {
        public override async Task<int> RunAsync(TaskActivityContext context, Visit input)
        {
            await using var command = database.CreateCommand("INSERT INTO effects VALUES ($1, $2, $3)");
            command.Parameters.Add(new() { Value = context.InstanceId });
            command.Parameters.Add(new() { Value = input.Place });
            command.Parameters.Add(new() { Value = input.Value });
            await command.ExecuteNonQueryAsync();
            return Random.Shared.Next(10) > 0 ? input.Value : throw new IOException("Bad luck: one time in ten.");
        }
    }
}
