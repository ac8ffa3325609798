using System.Security.Cryptography;
using System.Text;
using Microsoft.DurableTask;
using Microsoft.Extensions.Logging;
using WebHost.Local.DurableTask.History;

namespace WebHost.Local.DurableTask.Replay;

/// <summary>The orchestrator's side of an execution: turns calls into actions and tasks, and completes the tasks.</summary>
internal sealed class ReplayContext(
    ExecutionInfo execution,
    DataConverter converter,
    ILoggerFactory loggers,
    Func<bool> isOrchestratorThread) : TaskOrchestrationContext
{
    private static readonly Guid GuidNamespace = new("5b1f4a5e-5a0c-4f0e-9d0d-0f3f2f3c7a61");

    private readonly Dictionary<int, OpenTask> _openTasks = [];
    private readonly List<EventWaiter> _waiters = [];
    private readonly List<EventRaised> _unclaimed = [];
    private readonly List<OrchestratorAction> _actions = [];
    private int _nextId;
    private int _guids;
    private DateTime _now;
    private bool _isReplaying;

    public override TaskName Name => execution.Name;

    public override string InstanceId => execution.InstanceId;

    public override ParentOrchestrationInstance? Parent => execution.Parent;

    public override DateTime CurrentUtcDateTime => _now;

    public override bool IsReplaying => _isReplaying;

    /// <summary>Whether anything that can still arrive would wake the orchestrator.</summary>
    public bool IsWaiting => _openTasks.Count > 0 || _waiters.Count > 0;

    public string? CustomStatus { get; private set; }

    public (string? Input, bool KeepEvents)? Continuation { get; private set; }

    /// <summary>Events that came and that nobody waited for, in the order they came.</summary>
    public IReadOnlyList<EventRaised> UnclaimedEvents => _unclaimed;

    /// <summary>The last task that completed, for error messages.</summary>
    public string LastCompleted { get; private set; } = "its start";

    protected override ILoggerFactory LoggerFactory => loggers;

    public void BeginStep(DateTime now, bool isReplaying)
    {
        _now = now;
        _isReplaying = isReplaying;
        _actions.Clear();
    }

    public IReadOnlyList<OrchestratorAction> TakeActions() => [.. _actions];

    public override T? GetInput<T>()
        where T : default => converter.Deserialize<T>(execution.Input);

    public override Task<TResult> CallActivityAsync<TResult>(
        TaskName name, object? input = null, TaskOptions? options = null)
    {
        EnsureOrchestratorThread();
        ThrowIfMisplaced(name, input, options);
        var data = converter.Serialize(input);
        return WithRetryAsync(
            options?.Retry, () => OpenAsync<TResult>(name, id => new CallActivity(id, name) { Input = data }));
    }

    public override Task<TResult> CallSubOrchestratorAsync<TResult>(
        TaskName orchestratorName, object? input = null, TaskOptions? options = null)
    {
        EnsureOrchestratorThread();
        ThrowIfMisplaced(orchestratorName, input, options);
        var data = converter.Serialize(input);
        var child = (options as SubOrchestrationOptions)?.InstanceId ?? NewGuid().ToString("N");
        return WithRetryAsync(options?.Retry, () => OpenAsync<TResult>(
            orchestratorName, id => new CallSubOrchestration(id, orchestratorName, child) { Input = data }));
    }

    public override async Task CreateTimer(DateTime fireAt, CancellationToken cancellationToken)
    {
        EnsureOrchestratorThread();
        cancellationToken.ThrowIfCancellationRequested();
        var action = new StartTimer(_nextId++, fireAt.ToUniversalTime());
        var open = new OpenTask("timer");
        _openTasks.Add(action.Id, open);
        _actions.Add(action);
        using var registration = cancellationToken.Register(() => Cancel(action, open, cancellationToken));
        await open.Completion.Task;
    }

    public override Task<T> WaitForExternalEvent<T>(string eventName, CancellationToken cancellationToken = default)
    {
        EnsureOrchestratorThread();
        ArgumentException.ThrowIfNullOrEmpty(eventName);
        if (cancellationToken.IsCancellationRequested)
        {
            return Task.FromCanceled<T>(cancellationToken);
        }

        var arrived = _unclaimed.FindIndex(raised => IsNamed(raised.Name, eventName));
        if (arrived >= 0)
        {
            var data = _unclaimed[arrived].Input;
            _unclaimed.RemoveAt(arrived);
            return Task.FromResult(converter.Deserialize<T>(data)!);
        }

        var completion = new TaskCompletionSource<T>();
        var waiter = new EventWaiter(eventName, data => Complete(completion, data));
        _waiters.Add(waiter);
        cancellationToken.Register(() =>
        {
            if (isOrchestratorThread() && _waiters.Remove(waiter))
            {
                completion.SetCanceled(cancellationToken);
            }
        });
        return completion.Task;
    }

    public override void SendEvent(string instanceId, string eventName, object payload)
    {
        EnsureOrchestratorThread();
        ArgumentException.ThrowIfNullOrEmpty(instanceId);
        ArgumentException.ThrowIfNullOrEmpty(eventName);
        _actions.Add(new SendEvent(_nextId++, instanceId, eventName) { Input = converter.Serialize(payload) });
    }

    public override void SetCustomStatus(object? customStatus)
    {
        EnsureOrchestratorThread();
        CustomStatus = converter.Serialize(customStatus);
    }

    public override void ContinueAsNew(object? newInput = null, bool preserveUnprocessedEvents = true)
    {
        EnsureOrchestratorThread();
        Continuation = (converter.Serialize(newInput), preserveUnprocessedEvents);
    }

    public override Guid NewGuid()
    {
        EnsureOrchestratorThread();
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(
            Encoding.UTF8.GetBytes($"{GuidNamespace:n}{execution.ExecutionId:n}{execution.InstanceId}/{_guids++}"), hash);
        hash[6] = (byte)((hash[6] & 0x0F) | 0x80); // RFC 9562: version 8, made by a rule of our own.
        hash[8] = (byte)((hash[8] & 0x3F) | 0x80);
        return new Guid(hash[..16], bigEndian: true);
    }

    public void Deliver(TaskCompleted completed)
    {
        if (Close(completed.TaskId) is { } open)
        {
            open.Completion.SetResult(completed.Result);
        }
    }

    public void Deliver(TaskFailed failed)
    {
        if (Close(failed.TaskId) is { } open)
        {
            open.Completion.SetException(
                new TaskFailedException(open.Name, failed.TaskId, failed.Failure) { IsFinal = failed.IsFinal });
        }
    }

    public void Deliver(TimerFired fired)
    {
        if (Close(fired.TaskId) is { } open)
        {
            open.Completion.SetResult(null);
        }
    }

    /// <summary>The latest waiter gets the event: those before it are usually losers of a race that went on.</summary>
    public void Deliver(EventRaised raised)
    {
        var index = _waiters.FindLastIndex(waiter => IsNamed(waiter.Name, raised.Name));
        if (index < 0)
        {
            _unclaimed.Add(raised);
            return;
        }

        var waiter = _waiters[index];
        _waiters.RemoveAt(index);
        LastCompleted = $"event '{raised.Name}'";
        waiter.Complete(raised.Input);
    }

    private static bool IsNamed(string name, string other) => string.Equals(name, other, StringComparison.OrdinalIgnoreCase);

    private static void ThrowIfMisplaced(TaskName name, object? input, TaskOptions? options)
    {
        ArgumentException.ThrowIfNullOrEmpty(name.Name, nameof(name));
        if (input is TaskOptions && options is null)
        {
            throw new ArgumentException(
                "The call's options were given as its input. Name the argument: options: …", nameof(input));
        }
    }

    private void EnsureOrchestratorThread()
    {
        if (!isOrchestratorThread())
        {
            throw new InvalidOperationException(
                $"Orchestrator '{execution.Name}' used its context after awaiting a task that is not the context's.");
        }
    }

    private async Task<T> OpenAsync<T>(TaskName name, Func<int, OrchestratorAction> act)
    {
        EnsureOrchestratorThread();
        var id = _nextId++;
        var open = new OpenTask(name);
        _openTasks.Add(id, open);
        _actions.Add(act(id));
        return converter.Deserialize<T>(await open.Completion.Task)!;
    }

    private async Task<T> WithRetryAsync<T>(TaskRetryOptions? retry, Func<Task<T>> attempt)
    {
        var begun = CurrentUtcDateTime;
        for (var attempts = 1; ; attempts++)
        {
            try
            {
                return await attempt();
            }
            catch (TaskFailedException failed) when (retry is not null && !failed.IsFinal)
            {
                var again = retry.Policy is { } policy
                    ? await WaitForNextAttemptAsync(policy, attempts, begun, failed.FailureDetails)
                    : await retry.Handler!(new RetryContext(
                        this, attempts, failed.FailureDetails, CurrentUtcDateTime - begun, CancellationToken.None));
                if (!again)
                {
                    throw;
                }
            }
        }
    }

    private async Task<bool> WaitForNextAttemptAsync(
        RetryPolicy policy, int attempts, DateTime begun, TaskFailureDetails failure)
    {
        if (attempts >= policy.MaxNumberOfAttempts
            || !policy.ShouldRetry(failure)
            || (policy.RetryTimeout != Timeout.InfiniteTimeSpan && CurrentUtcDateTime - begun >= policy.RetryTimeout))
        {
            return false;
        }

        var delay = policy.FirstRetryInterval.TotalMilliseconds * Math.Pow(policy.BackoffCoefficient, attempts - 1);
        var longest = policy.MaxRetryInterval == Timeout.InfiniteTimeSpan
            ? TimeSpan.FromDays(3650)
            : policy.MaxRetryInterval;
        await CreateTimer(
            delay < longest.TotalMilliseconds ? TimeSpan.FromMilliseconds(delay) : longest, CancellationToken.None);
        return true;
    }

    private void Cancel(StartTimer action, OpenTask open, CancellationToken cancellationToken)
    {
        if (!isOrchestratorThread() || !_openTasks.Remove(action.Id))
        {
            return;
        }

        if (!_actions.Remove(action))
        {
            _actions.Add(new CancelTimer(action.Id));
        }

        open.Completion.SetCanceled(cancellationToken);
    }

    private void Complete<T>(TaskCompletionSource<T> completion, string? data)
    {
        T value;
        try
        {
            value = converter.Deserialize<T>(data)!;
        }
        catch (Exception unreadable)
        {
            // The orchestrator asked for this type: it is told where it waits, as if the call itself had thrown.
            completion.SetException(unreadable);
            return;
        }

        completion.SetResult(value);
    }

    // A task that is not open was completed before or belongs to nobody any more: work is delivered at least once.
    private OpenTask? Close(int taskId)
    {
        if (_openTasks.Remove(taskId, out var open))
        {
            LastCompleted = $"'{open.Name}' (#{taskId})";
        }

        return open;
    }

    private sealed record OpenTask(string Name)
    {
        public TaskCompletionSource<string?> Completion { get; } = new();
    }

    private sealed record EventWaiter(string Name, Action<string?> Complete);
}
