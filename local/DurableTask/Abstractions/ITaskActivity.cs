namespace Microsoft.DurableTask;

/// <summary>An activity without its types, as the engine runs it.</summary>
public interface ITaskActivity
{
    Type InputType { get; }

    Type OutputType { get; }

    Task<object?> RunAsync(TaskActivityContext context, object? input);
}
