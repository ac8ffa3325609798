namespace WebHost.Local.DurableTask.Replay;

/// <summary>
/// Runs an orchestrator's continuations one after the other on the thread that takes the step. A continuation that arrives
/// from any other thread comes from a task that is not the context's.
/// </summary>
internal sealed class OrchestratorThread(Action foreignContinuation) : SynchronizationContext
{
    [ThreadStatic]
    private static OrchestratorThread? _running;

    private readonly Queue<(SendOrPostCallback Callback, object? State)> _queue = new();

    public bool IsCurrent => _running == this;

    /// <summary>Runs <paramref name="action"/> and then every continuation it leads to.</summary>
    public void Run(Action action)
    {
        var outerRunning = _running;
        var outerContext = Current;
        _running = this;
        SetSynchronizationContext(this);
        try
        {
            action();
            while (_queue.TryDequeue(out var next))
            {
                next.Callback(next.State);
            }
        }
        finally
        {
            SetSynchronizationContext(outerContext);
            _running = outerRunning;
        }
    }

    public override void Post(SendOrPostCallback d, object? state)
    {
        if (IsCurrent)
        {
            _queue.Enqueue((d, state));
        }
        else
        {
            foreignContinuation();
        }
    }

    public override void Send(SendOrPostCallback d, object? state)
    {
        if (IsCurrent)
        {
            d(state);
        }
        else
        {
            foreignContinuation();
        }
    }

    public override SynchronizationContext CreateCopy() => this;
}
