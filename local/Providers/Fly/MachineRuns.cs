using System.Threading.Channels;
using WebHost.Local.Providers.State;

namespace WebHost.Local.Providers.Fly;

/// <summary>
/// Brings machines to the state they were told to reach. What is under way is in the store, so a killed simulator goes on
/// where it was.
/// </summary>
internal sealed partial class MachineRuns(
    ResourceStore store, FlyDatabases databases, SimulatorsOptions options, ILogger<MachineRuns> logger) : BackgroundService
{
    private static readonly TimeSpan RetryDelay = TimeSpan.FromSeconds(1);

    private readonly Channel<(string App, string Id)> _due = Channel.CreateUnbounded<(string, string)>();
    private TaskCompletionSource _changed = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Completes with the next change of any machine.</summary>
    public Task Changed => Volatile.Read(ref _changed).Task;

    public static bool IsUnderWay(Resource machine) => machine.Text("_target") is not null;

    public void Start(Resource machine) => _due.Writer.TryWrite((machine.Parent, machine.Id));

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        foreach (var machine in await store.ReadAsync(session => session.ListAsync(FlyKinds.Machine)))
        {
            if (IsUnderWay(machine))
            {
                Start(machine);
            }
        }

        await Parallel.ForEachAsync(
            _due.Reader.ReadAllAsync(stoppingToken),
            new ParallelOptions { MaxDegreeOfParallelism = 8, CancellationToken = stoppingToken },
            async (due, cancellationToken) =>
            {
                try
                {
                    if (options.StateMs > 0)
                    {
                        await Task.Delay(options.StateMs, cancellationToken);
                    }

                    await AdvanceAsync(due.App, due.Id);
                }
                catch (Exception exception) when (exception is not OperationCanceledException)
                {
                    LogFailed(logger, due.Id, due.App, exception);
                    await Task.Delay(RetryDelay, cancellationToken);
                    _due.Writer.TryWrite(due);
                }
            });
    }

    private async Task AdvanceAsync(string app, string id)
    {
        await store.ChangeAsync(FlyKinds.Scope(app), async session =>
        {
            // Deleted with its app, or another change was faster.
            if (await session.FindAsync(FlyKinds.Machine, id) is not { } machine || machine.Text("_target") is not { } target)
            {
                return;
            }

            machine.Body.Remove("_target");
            machine.Body["updated_at"] = FlyKinds.Now();
            machine.Body["state"] = target;
            if (target == "started" && await databases.StartAsync(session, await session.AppAsync(app), machine) is { } reason)
            {
                machine.Body["state"] = "failed";
                machine.Body["_reason"] = reason;
            }

            if (target == "destroyed")
            {
                foreach (var volume in await session.ListAsync(FlyKinds.Volume, app))
                {
                    if (volume.Text("attached_machine_id") == id)
                    {
                        volume.Body.Remove("attached_machine_id");
                        await session.PutAsync(volume);
                    }
                }
            }

            await session.PutAsync(machine);
            await databases.SettleAsync(session, app);
        });
        Interlocked.Exchange(ref _changed, new(TaskCreationOptions.RunContinuationsAsynchronously)).SetResult();
    }

    [LoggerMessage(2002, LogLevel.Error, "Machine {Machine} of app {App} could not change its state yet")]
    private static partial void LogFailed(ILogger logger, string machine, string app, Exception exception);
}
