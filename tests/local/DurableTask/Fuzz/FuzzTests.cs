using CsCheck;
using Microsoft.DurableTask.Client;

namespace WebHost.Local.DurableTask.Tests.Fuzz;

/// <summary>Random orchestrations against their straightforward reading. A failure prints the seed that repeats it.</summary>
public sealed class FuzzTests(HubFixture hubs, ITestOutputHelper output)
{
    private static readonly int Orchestrations = Environment.GetEnvironmentVariable("WEBHOST_LONG_TESTS") == "1" ? 1500 : 80;

    [Fact]
    public async Task Random_orchestration_answers_what_its_reading_says()
    {
        var name = hubs.NewHubName();
        var orchestrator = new RandomOrchestrator();
        await using var keeping = await hubs.StartAsync(orchestrator.Register, hubName: name);
        await using var forgetting = await hubs.StartAsync(orchestrator.Register, replayed: true, hubName: name);

        await Tree(3).Select(op => op.Numbered()).SampleAsync(
            async op =>
            {
                var id = Guid.NewGuid().ToString("N");
                var events = op.Events(id).ToList();
                await keeping.StartAsync("Random", op, id);
                await Task.WhenAll(events.Where(sent => sent.InstanceId == id)
                    .Select(sent => forgetting.Client.RaiseEventAsync(id, sent.Name, sent.Value)));
                foreach (var (child, eventName, value) in events.Where(sent => sent.InstanceId != id))
                {
                    await keeping.Client.WaitForInstanceStartAsync(child);
                    await keeping.Client.RaiseEventAsync(child, eventName, value);
                }

                var end = await keeping.EndOfAsync(id);
                Assert.Equal(OrchestrationRuntimeStatus.Completed, end.RuntimeStatus);
                Assert.Equal(ReferenceInterpreter.Answer(op), end.ReadOutputAs<string>());
            },
            writeLine: output.WriteLine,
            iter: Orchestrations,
            threads: 8);
    }

    private static Gen<Op> Tree(int depth)
    {
        var leaf = Gen.Select(
            Kind(
                OpKind.Echo, OpKind.Fail, OpKind.Retry, OpKind.Timer, OpKind.Event, OpKind.LateEvent, OpKind.Race, OpKind.FailingSub),
            Gen.Int[0, 5],
            (kind, value) => new Op(kind, 0, value, []));
        if (depth == 0)
        {
            return leaf;
        }

        var branch = Gen.Select(
            Kind(OpKind.Sequence, OpKind.Parallel, OpKind.Sub),
            Tree(depth - 1).Array[1, 4],
            (kind, parts) => new Op(kind, 0, 0, parts));
        return Gen.Int[0, 3].SelectMany(choice => choice == 0 ? leaf : branch);
    }

    private static Gen<OpKind> Kind(params OpKind[] kinds) => Gen.Int[0, kinds.Length - 1].Select(index => kinds[index]);
}
