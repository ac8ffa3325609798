using DurableTask.Core.Exceptions;
using Microsoft.DurableTask;
using Microsoft.DurableTask.Client;
using Microsoft.Extensions.Logging;
using WebHost.Local.DurableTask.History;

namespace WebHost.Local.DurableTask.Replay;

/// <summary>
/// One execution of an orchestrator in memory: brought up to date by replaying its history, then taken a step further each
/// time something arrives. Used by one thread at a time.
/// </summary>
internal sealed class OrchestrationRun
{
    private readonly ExecutionInfo _execution;
    private readonly ITaskOrchestrator? _orchestrator;
    private readonly DataConverter _converter;
    private readonly ReplayContext _context;
    private readonly OrchestratorThread _thread;
    private readonly Action<OrchestrationRun, string> _broken;
    private readonly Queue<HistoryEvent> _whileSuspended = new();
    private readonly Lock _gate = new();
    private Task<object?>? _main;
    private bool _isSuspended;
    private bool _isStepping;
    private DateTime _lastStepAt;
    private TaskFailureDetails? _failure;
    private string? _foreign;

    /// <summary>
    /// Without an orchestrator, as when none of that name is registered, its first step fails. <paramref name="broken"/> is
    /// told when the orchestrator's code breaks its rules between two steps.
    /// </summary>
    public OrchestrationRun(
        ExecutionInfo execution,
        ITaskOrchestrator? orchestrator,
        DataConverter converter,
        ILoggerFactory loggers,
        Action<OrchestrationRun, string> broken)
    {
        _execution = execution;
        _orchestrator = orchestrator;
        _converter = converter;
        _broken = broken;
        _thread = new OrchestratorThread(ReportForeign);
        _context = new ReplayContext(execution, converter, loggers, IsOrchestratorThread);
    }

    public ExecutionInfo Execution => _execution;

    /// <summary>How many steps of its history it has taken.</summary>
    public int Steps { get; private set; }

    /// <summary>Takes a step again that history already holds.</summary>
    public void Replay(HistoryStep step)
    {
        var actions = Take(step.At, step.Events, isReplaying: true);
        if (_failure is null)
        {
            Compare(step.Actions, actions);
        }
    }

    /// <summary>Takes the next step.</summary>
    public StepOutcome Advance(DateTime now, IReadOnlyList<HistoryEvent> events)
    {
        var at = events.OfType<TimerFired>().Select(fired => fired.FireAt).Append(now).Append(_lastStepAt).Max();
        if (events.OfType<ExecutionTerminated>().FirstOrDefault() is { } terminated)
        {
            return new(new(at, events, []), OrchestrationRuntimeStatus.Terminated)
            {
                Output = terminated.Output,
                CustomStatus = _context.CustomStatus,
                TerminateChildren = terminated.Recursive,
            };
        }

        var actions = Take(at, events, isReplaying: false);
        return Conclude(new(at, events, actions));
    }

    /// <summary>Where the steps taken so far have led.</summary>
    public StepOutcome Current() => Conclude(new(_lastStepAt, [], []));

    private StepOutcome Conclude(HistoryStep step)
    {
        if (_failure is not null)
        {
            return Failed(step with { Actions = [] }, _failure);
        }

        if (_main is not { IsCompleted: true })
        {
            return new(step, _isSuspended ? OrchestrationRuntimeStatus.Suspended
                : _main is null ? OrchestrationRuntimeStatus.Pending
                : OrchestrationRuntimeStatus.Running)
            {
                CustomStatus = _context.CustomStatus,
            };
        }

        try
        {
            var output = _converter.Serialize(_main.GetAwaiter().GetResult());
            return _context.Continuation is { } next
                ? new(step, OrchestrationRuntimeStatus.Running)
                {
                    CustomStatus = _context.CustomStatus,
                    Next = new(next.Input, next.KeepEvents ? [.. _context.UnclaimedEvents, .. _whileSuspended] : []),
                }
                : new(step, OrchestrationRuntimeStatus.Completed) { CustomStatus = _context.CustomStatus, Output = output };
        }
        catch (Exception exception)
        {
            return Failed(step, TaskFailureDetails.FromException(exception));
        }
    }

    private StepOutcome Failed(HistoryStep step, TaskFailureDetails failure) =>
        new(step, OrchestrationRuntimeStatus.Failed) { CustomStatus = _context.CustomStatus, Failure = failure };

    private static TaskFailureDetails RuleBroken(string message) =>
        TaskFailureDetails.FromException(new InvalidOperationException(message));

    private IReadOnlyList<OrchestratorAction> Take(DateTime at, IReadOnlyList<HistoryEvent> events, bool isReplaying)
    {
        lock (_gate)
        {
            _isStepping = true;
        }

        _lastStepAt = at;
        _context.BeginStep(at, isReplaying);
        foreach (var arrived in events)
        {
            Handle(arrived);
        }

        if (_main is { IsCompleted: false } && !_context.IsWaiting)
        {
            ReportForeign();
        }

        lock (_gate)
        {
            _isStepping = false;
            if (_foreign is not null)
            {
                _failure ??= RuleBroken(_foreign);
            }
        }

        Steps++;
        return _context.TakeActions();
    }

    private void Handle(HistoryEvent arrived)
    {
        switch (arrived)
        {
            case ExecutionResumed:
                _isSuspended = false;
                while (_whileSuspended.TryDequeue(out var held))
                {
                    Deliver(held);
                }

                break;
            case ExecutionSuspended:
                _isSuspended = true;
                break;
            case ExecutionBroken broken:
                _failure ??= RuleBroken(broken.Message);
                break;
            case ExecutionStarted { Carried: { } carried }:
                foreach (var earlier in carried)
                {
                    Handle(earlier);
                }

                DeliverOrHold(arrived);
                break;
            default:
                DeliverOrHold(arrived);
                break;
        }
    }

    private void DeliverOrHold(HistoryEvent arrived)
    {
        if (_isSuspended)
        {
            _whileSuspended.Enqueue(arrived);
        }
        else
        {
            Deliver(arrived);
        }
    }

    private void Deliver(HistoryEvent arrived) => _thread.Run(() =>
    {
        switch (arrived)
        {
            case ExecutionStarted:
                Start();
                break;
            case TaskCompleted completed:
                _context.Deliver(completed);
                break;
            case TaskFailed failed:
                _context.Deliver(failed);
                break;
            case TimerFired fired:
                _context.Deliver(fired);
                break;
            case EventRaised raised:
                _context.Deliver(raised);
                break;
            default:
                throw new InvalidOperationException($"History holds {arrived}, which cannot be delivered.");
        }
    });

    private void Start()
    {
        if (_orchestrator is null)
        {
            _failure = new(
                "OrchestratorTaskNotFound", $"No orchestrator task named '{_execution.Name}' was found.", null, null, null);
            return;
        }

        try
        {
            _main = _orchestrator.RunAsync(_context, ReadInput());
        }
        catch (Exception exception)
        {
            _main = Task.FromException<object?>(exception);
        }

        _ = _main.ContinueWith(
            (_, run) => ((OrchestrationRun)run!).IsOrchestratorThread(),
            this,
            CancellationToken.None,
            TaskContinuationOptions.ExecuteSynchronously,
            TaskScheduler.Default);
    }

    private object? ReadInput() =>
        _execution.Input is null ? null : _converter.Deserialize(_execution.Input, _orchestrator!.InputType);

    private void Compare(IReadOnlyList<OrchestratorAction> expected, IReadOnlyList<OrchestratorAction> found)
    {
        for (var i = 0; i < Math.Max(expected.Count, found.Count); i++)
        {
            var then = i < expected.Count ? expected[i].Describe() : "nothing more";
            var now = i < found.Count ? found[i].Describe() : "nothing more";
            if (!string.Equals(then, now, StringComparison.OrdinalIgnoreCase))
            {
                _failure = TaskFailureDetails.FromException(new NonDeterministicOrchestrationException(
                    $"Orchestrator '{_execution.Name}' (instance '{_execution.InstanceId}') is not deterministic: in step"
                    + $" {Steps}, after {_context.LastCompleted}, history expects {then}, but the code asked for {now}. Was the"
                    + " orchestrator changed after this instance had started?"));
                return;
            }
        }
    }

    private bool IsOrchestratorThread()
    {
        if (_thread.IsCurrent)
        {
            return true;
        }

        ReportForeign();
        return false;
    }

    private void ReportForeign()
    {
        lock (_gate)
        {
            if (_foreign is not null)
            {
                return;
            }

            var awaited = _main is { IsCompleted: false }
                ? AwaitedTask.Describe(_main)
                : "a task that finished on another thread";
            _foreign = $"Orchestrator '{_execution.Name}' (instance '{_execution.InstanceId}') awaited something that is not"
                + $" a task of its context, in step {Steps + (_isStepping ? 1 : 0)}, after {_context.LastCompleted}: {awaited}."
                + " An orchestrator may await activities, timers, events and sub-orchestrations only; move everything else"
                + " into an activity.";
            if (_isStepping)
            {
                return;
            }
        }

        _broken(this, _foreign);
    }
}
