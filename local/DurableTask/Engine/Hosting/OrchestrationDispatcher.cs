using System.Collections.Concurrent;
using Microsoft.DurableTask;
using Microsoft.DurableTask.Client;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Npgsql;
using WebHost.Local.DurableTask.History;
using WebHost.Local.DurableTask.Replay;
using WebHost.Local.DurableTask.Storage;

namespace WebHost.Local.DurableTask.Hosting;

/// <summary>Takes orchestrations that have messages a step further.</summary>
internal sealed class OrchestrationDispatcher(
    DurableTaskRegistry registry,
    IServiceScopeFactory scopes,
    LeaseStore leases,
    GroupCommitter committer,
    ActivityDispatcher activities,
    HubSignals signals,
    TimeProvider time,
    IOptions<LocalDurableTaskOptions> options,
    ILoggerFactory loggers,
    ILogger<OrchestrationDispatcher> logger)
{
    private readonly Dictionary<TaskName, Func<IServiceProvider, ITaskOrchestrator>> _orchestrators =
        new(registry.GetOrchestrators());

    private readonly RunCache _idle = new(options.Value.MaxIdleOrchestrations, options.Value.IdleRetention, time);
    private readonly ConcurrentDictionary<string, LeasedInstance> _stepping = new(StringComparer.Ordinal);
    private readonly DataConverter _converter = options.Value.DataConverter;
    private int _fetches;

    public IReadOnlyList<LeasedInstance> Stepping => [.. _stepping.Values];

    public async Task RunLoopAsync(CancellationToken stopping)
    {
        var wait = options.Value.PollInterval;
        while (!stopping.IsCancellationRequested)
        {
            await Loop.TryAsync(logger, async cancellation => wait = await FetchAsync(cancellation), RecoverAsync, stopping);
            _idle.Trim();
            await signals.Orchestrations.WaitAsync(wait, time, stopping)
                .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    public async Task DrainAsync(CancellationToken deadline)
    {
        while (!_stepping.IsEmpty)
        {
            await Task.Delay(TimeSpan.FromMilliseconds(20), deadline);
        }
    }

    /// <summary>Starts a step of everything that has messages; answers how long to sleep unless woken.</summary>
    private async Task<TimeSpan> FetchAsync(CancellationToken stopping)
    {
        while (true)
        {
            var fetch = Interlocked.Increment(ref _fetches);
            var free = options.Value.MaxConcurrentOrchestrations - _stepping.Count;
            if (free <= 0)
            {
                return options.Value.PollInterval; // Whoever ends a step wakes this loop.
            }

            var now = time.GetUtcNow().UtcDateTime;
            var inMemory = new Dictionary<string, HostedRun>(StringComparer.Ordinal);
            IReadOnlyList<LeasedInstance> leased;
            try
            {
                leased = await leases.LeaseInstancesAsync(free, now, instance => IsInMemory(instance, inMemory), stopping);
            }
            catch
            {
                foreach (var run in inMemory.Values)
                {
                    run.Dispose();
                }

                throw;
            }

            foreach (var instance in leased)
            {
                _stepping[instance.InstanceId] = instance;
                var run = inMemory.GetValueOrDefault(instance.InstanceId);
                _ = Task.Run(() => StepAsync(instance, run, fetch), CancellationToken.None);
            }

            // A few orchestrations with very many messages may have crowded out the others.
            var messages = leased.Sum(instance => instance.Messages.Count);
            if (leased.Count < free && messages < free * LeaseStore.CandidatesPerLease)
            {
                return await SleepAsync(now, stopping);
            }
        }
    }

    private bool IsInMemory(LeasedInstance instance, Dictionary<string, HostedRun> taken)
    {
        if (_idle.Take(instance) is not { } run)
        {
            return false;
        }

        taken.Add(instance.InstanceId, run);
        return true;
    }

    private async Task<TimeSpan> SleepAsync(DateTime now, CancellationToken stopping)
    {
        var poll = options.Value.PollInterval;
        return await leases.NextDueAsync(now, stopping) is { } due && due - now < poll
            ? TimeSpan.FromMilliseconds(Math.Ceiling(Math.Max((due - time.GetUtcNow().UtcDateTime).TotalMilliseconds, 0)))
            : poll;
    }

    private Task RecoverAsync(CancellationToken stopping) => leases.ReleaseUnknownInstancesAsync(Stepping, stopping);

    private async Task StepAsync(LeasedInstance instance, HostedRun? run, int fetch)
    {
        try
        {
            var messages = Relevant(instance);
            if (messages.Count == 0)
            {
                run?.Dispose();
                await committer.CommitAsync(new TakeStep(instance, null, default));
                return;
            }

            run ??= Load(instance);
            var outcome = run.Run.Advance(time.GetUtcNow().UtcDateTime, messages);
            try
            {
                await CommitAsync(instance, outcome, run);
            }
            catch (PostgresException unstorable)
            {
                Logs.StepFailed(logger, unstorable, instance.Name, instance.InstanceId);
                await CommitAsync(instance, Unstorable(outcome, unstorable), run);
            }
        }
        catch (Exception exception)
        {
            // The lease runs out and the step is tried again, here or elsewhere.
            Logs.StepFailed(logger, exception, instance.Name, instance.InstanceId);
            run?.Dispose();
        }
        finally
        {
            _stepping.TryRemove(KeyValuePair.Create(instance.InstanceId, instance));
            if (Volatile.Read(ref _fetches) != fetch)
            {
                signals.Orchestrations.Set(); // That fetch passed over what has come for this orchestration since.
            }
        }
    }

    private async Task CommitAsync(LeasedInstance instance, StepOutcome outcome, HostedRun run)
    {
        var step = Compose(instance, outcome, run);
        try
        {
            await committer.CommitAsync(step);
        }
        catch
        {
            Withdraw(step.Activities);
            throw;
        }
    }

    private void Settle(
        LeasedInstance instance, StepOutcome outcome, HostedRun run, List<LeasedActivity> called, bool isCommitted)
    {
        if (!isCommitted)
        {
            Logs.LeaseLost(logger, instance.Name, instance.InstanceId);
            Withdraw(called);
            run.Dispose();
            return;
        }

        foreach (var activity in called.Where(activity => activity.Lease > 0))
        {
            activities.Run(activity);
        }

        if (outcome.IsFinished)
        {
            Logs.Finished(logger, instance.Name, instance.InstanceId, outcome.Status);
        }

        if (outcome.IsFinished || outcome.Next is not null)
        {
            run.Dispose();
        }
        else
        {
            _idle.Put(instance.InstanceId, run, instance.Lease);
        }
    }

    // Sending less is all that can be done about data that PostgreSQL does not take.
    private static StepOutcome Unstorable(StepOutcome outcome, PostgresException reason) =>
        new(new(outcome.Step.At, [], []), OrchestrationRuntimeStatus.Failed)
        {
            Failure = TaskFailureDetails.FromException(reason),
        };

    private static List<HistoryEvent> Relevant(LeasedInstance instance) => instance.IsFinished
        ? []
        : [
            .. instance.Messages
                .Where(message => message.ExecutionId is null || message.ExecutionId == instance.ExecutionId)
                .Select(message => message.Event)
                .OrderBy(message => message is not ExecutionStarted), // What was carried over came before what came since.
        ];

    private HostedRun Load(LeasedInstance instance)
    {
        var scope = scopes.CreateScope();
        try
        {
            var orchestrator = _orchestrators.GetValueOrDefault(instance.Name)?.Invoke(scope.ServiceProvider);
            var run = new OrchestrationRun(instance.ToExecutionInfo(), orchestrator, _converter, loggers, ReportBroken);
            foreach (var step in instance.History)
            {
                run.Replay(step);
            }

            return new(run, scope);
        }
        catch
        {
            scope.Dispose();
            throw;
        }
    }

    private TakeStep Compose(LeasedInstance instance, StepOutcome outcome, HostedRun run)
    {
        var at = outcome.Step.At;
        var next = outcome.Next is null ? instance.ExecutionId : Guid.NewGuid();
        var messages = new List<OutgoingMessage>();
        var children = new List<(NewInstance, TaskKey)>();
        var timers = new List<int>();
        var calls = new List<CallActivity>();
        foreach (var action in outcome.Step.Actions)
        {
            var key = new TaskKey(instance.InstanceId, instance.ExecutionId, action.Id);
            switch (action)
            {
                case CallActivity call:
                    calls.Add(call);
                    break;
                case CallSubOrchestration call:
                    children.Add((
                        new(call.InstanceId, call.Name, call.Input, at, at) { Parent = new(key, instance.Name) }, key));
                    break;
                case StartTimer timer when !outcome.IsFinished && outcome.Next is null:
                    var fired = new TimerFired(timer.Id, timer.FireAt);
                    messages.Add(new(key.InstanceId, key.ExecutionId, fired, timer.FireAt, IsTimed: true, timer.Id));
                    break;
                case CancelTimer timer:
                    timers.Add(timer.Id);
                    break;
                case SendEvent send:
                    messages.Add(new(send.InstanceId, null, new EventRaised(send.Name, send.Input), at));
                    break;
            }
        }

        if (outcome.Next is { } continuation)
        {
            messages.Add(new(instance.InstanceId, next, new ExecutionStarted(continuation.Carried), at));
        }

        if (outcome.IsFinished && instance.Parent is { } parent)
        {
            messages.Add(new(parent.InstanceId, instance.ParentExecutionId, Answer(instance, outcome), at));
        }

        var called = LeaseAtOnce(instance, calls);
        return new(instance, outcome, at)
        {
            Settled = isCommitted => Settle(instance, outcome, run, called, isCommitted),
            Body = HistoryJson.Write(outcome.Step),
            NextExecutionId = next,
            Messages = messages,
            Children = children,
            CancelledTimers = timers,
            Activities = called,
        };
    }

    private static HistoryEvent Answer(LeasedInstance instance, StepOutcome outcome)
    {
        var id = instance.ParentTaskId!.Value;
        return outcome.Status switch
        {
            OrchestrationRuntimeStatus.Completed => new TaskCompleted(id, outcome.Output),
            OrchestrationRuntimeStatus.Failed => new TaskFailed(id, outcome.Failure!),
            _ => new TaskFailed(id, new(
                "OrchestrationTerminated", $"The sub-orchestration '{instance.InstanceId}' was terminated.", null, null, null)),
        };
    }

    // What fits into this process's free slots needs no further trip to the database before it runs.
    private List<LeasedActivity> LeaseAtOnce(LeasedInstance instance, List<CallActivity> calls)
    {
        var reserved = activities.Reserve(calls.Count);
        var leased = new List<LeasedActivity>(calls.Count);
        for (var i = 0; i < calls.Count; i++)
        {
            var key = new TaskKey(instance.InstanceId, instance.ExecutionId, calls[i].Id);
            leased.Add(new(key, calls[i].Name, calls[i].Input, i < reserved ? 1 : 0));
            if (i < reserved)
            {
                activities.Announce(leased[i]);
            }
        }

        return leased;
    }

    private void Withdraw(IEnumerable<LeasedActivity> called)
    {
        foreach (var activity in called.Where(activity => activity.Lease > 0))
        {
            activities.Withdraw(activity);
        }
    }

    private void ReportBroken(OrchestrationRun run, string message) => _ = Task.Run(async () =>
    {
        var execution = run.Execution;
        Logs.RuleBroken(logger, execution.Name, execution.InstanceId, message);
        try
        {
            await committer.CommitAsync(new SendMessage(new(
                execution.InstanceId, execution.ExecutionId, new ExecutionBroken(message), time.GetUtcNow().UtcDateTime)));
        }
        catch (Exception exception)
        {
            // The process ends. The next replay finds the same fault again.
            Logs.StepFailed(logger, exception, execution.Name, execution.InstanceId);
        }
    });
}
