using System.Collections.Concurrent;
using Microsoft.DurableTask;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using WebHost.Local.DurableTask.History;
using WebHost.Local.DurableTask.Storage;

namespace WebHost.Local.DurableTask.Hosting;

/// <summary>Runs activities: those that this process's own orchestrations call, and those that any process left.</summary>
internal sealed class ActivityDispatcher(
    DurableTaskRegistry registry,
    IServiceScopeFactory scopes,
    LeaseStore leases,
    GroupCommitter committer,
    HubSignals signals,
    TimeProvider time,
    IOptions<LocalDurableTaskOptions> options,
    ILogger<ActivityDispatcher> logger)
{
    private readonly Dictionary<TaskName, Func<IServiceProvider, ITaskActivity>> _activities = new(registry.GetActivities());
    private readonly DataConverter _converter = options.Value.DataConverter;
    private readonly ActivitySlots _slots = new(options.Value.MaxConcurrentActivities);
    private readonly ConcurrentDictionary<TaskKey, LeasedActivity> _running = new();
    private volatile bool _mayBeMore = true;
    private volatile bool _isStopping;

    public IReadOnlyList<LeasedActivity> Running => [.. _running.Values];

    /// <summary>
    /// Promises to run up to <paramref name="wanted"/> activities at once when their step is committed. What the answer
    /// promises must be either run or given back.
    /// </summary>
    public int Reserve(int wanted) => _isStopping ? 0 : _slots.Take(wanted);

    public void GiveBack(int reserved) => _slots.Return(reserved);

    /// <summary>Keeps the lease of an activity whose step is about to be committed.</summary>
    public void Announce(LeasedActivity activity) => _running[activity.Key] = activity;

    public void Withdraw(LeasedActivity activity)
    {
        _running.TryRemove(KeyValuePair.Create(activity.Key, activity));
        GiveBack(1);
    }

    public void Run(LeasedActivity activity)
    {
        _running[activity.Key] = activity;
        _ = Task.Run(() => RunAsync(activity));
    }

    public async Task RunLoopAsync(CancellationToken stopping)
    {
        await foreach (var _ in Loop.TurnsAsync(signals.Activities, options.Value.PollInterval, time, stopping))
        {
            await Loop.TryAsync(logger, FetchAsync, RecoverAsync, stopping);
        }
    }

    /// <summary>Takes no more work and waits for what runs.</summary>
    public async Task DrainAsync(CancellationToken deadline)
    {
        _isStopping = true;
        while (!_running.IsEmpty)
        {
            await Task.Delay(TimeSpan.FromMilliseconds(20), deadline);
        }
    }

    private async Task FetchAsync(CancellationToken stopping)
    {
        while (Reserve(int.MaxValue) is var free and > 0)
        {
            _mayBeMore = false;
            IReadOnlyList<LeasedActivity> leased = [];
            try
            {
                leased = await leases.LeaseActivitiesAsync(free, stopping);
            }
            finally
            {
                GiveBack(free - leased.Count);
            }

            foreach (var activity in leased)
            {
                Run(activity);
            }

            if (leased.Count < free)
            {
                return;
            }

            _mayBeMore = true;
        }

        _mayBeMore = true;
    }

    private Task RecoverAsync(CancellationToken stopping) => leases.ReleaseUnknownActivitiesAsync(Running, stopping);

    private async Task RunAsync(LeasedActivity activity)
    {
        var outcome = await InvokeAsync(activity);
        GiveBack(1);
        if (_mayBeMore)
        {
            signals.Activities.Set();
        }

        try
        {
            await FinishAsync(activity, outcome);
        }
        catch (Exception exception)
        {
            // The outcome cannot be stored, for its size or its content: that is a failure of the activity too.
            Logs.OutcomeNotStored(logger, exception, activity.Name, activity.Key.InstanceId);
            await StoreFailureAsync(activity, exception);
        }
        finally
        {
            _running.TryRemove(KeyValuePair.Create(activity.Key, activity));
        }
    }

    private Task<bool> FinishAsync(LeasedActivity activity, HistoryEvent outcome) => committer.CommitAsync(
        new FinishActivity(activity.Key, activity.Lease, outcome, time.GetUtcNow().UtcDateTime));

    private async Task StoreFailureAsync(LeasedActivity activity, Exception exception)
    {
        try
        {
            var failed = new TaskFailed(activity.Key.TaskId, TaskFailureDetails.FromException(exception));
            await FinishAsync(activity, failed);
        }
        catch (Exception again)
        {
            // The lease runs out and the activity is run again.
            Logs.OutcomeNotStored(logger, again, activity.Name, activity.Key.InstanceId);
        }
    }

    private async Task<HistoryEvent> InvokeAsync(LeasedActivity activity)
    {
        var id = activity.Key.TaskId;
        if (!_activities.TryGetValue(activity.Name, out var factory))
        {
            return new TaskFailed(
                id,
                new("ActivityTaskNotFound", $"No activity task named '{activity.Name}' was found.", null, null, null),
                IsFinal: true);
        }

        try
        {
            await using var scope = scopes.CreateAsyncScope();
            var implementation = factory(scope.ServiceProvider);
            var input = _converter.Deserialize(activity.Input, implementation.InputType);
            var output = await implementation.RunAsync(new CallContext(activity), input);
            return new TaskCompleted(id, _converter.Serialize(output));
        }
        catch (Exception exception)
        {
            Logs.ActivityFailed(logger, exception, activity.Name, id, activity.Key.InstanceId);
            return new TaskFailed(id, TaskFailureDetails.FromException(exception));
        }
    }

    private sealed class CallContext(LeasedActivity activity) : TaskActivityContext
    {
        public override TaskName Name => activity.Name;

        public override string InstanceId => activity.Key.InstanceId;
    }
}
