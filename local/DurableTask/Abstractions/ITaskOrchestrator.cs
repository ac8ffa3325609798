namespace Microsoft.DurableTask;

/// <summary>An orchestrator without its types, as the engine runs it.</summary>
public interface ITaskOrchestrator
{
    Type InputType { get; }

    Type OutputType { get; }

    Task<object?> RunAsync(TaskOrchestrationContext context, object? input);
}
