using System.Reflection;
using Microsoft.Extensions.DependencyInjection;

namespace Microsoft.DurableTask;

/// <summary>The orchestrators and activities a worker runs, by name.</summary>
public sealed class DurableTaskRegistry
{
    private readonly Dictionary<TaskName, Func<IServiceProvider, ITaskOrchestrator>> _orchestrators = [];
    private readonly Dictionary<TaskName, Func<IServiceProvider, ITaskActivity>> _activities = [];

    public IEnumerable<KeyValuePair<TaskName, Func<IServiceProvider, ITaskOrchestrator>>> GetOrchestrators() =>
        _orchestrators;

    public IEnumerable<KeyValuePair<TaskName, Func<IServiceProvider, ITaskActivity>>> GetActivities() => _activities;

    /// <summary>
    /// The most general form, which the published registry does not have: an orchestrator made anew for each replay from the
    /// services of its own scope.
    /// </summary>
    public DurableTaskRegistry AddOrchestrator(TaskName name, Func<IServiceProvider, ITaskOrchestrator> factory)
    {
        Add(_orchestrators, name, factory);
        return this;
    }

    public DurableTaskRegistry AddOrchestrator(TaskName name, Func<ITaskOrchestrator> factory) =>
        AddOrchestrator(name, _ => factory());

    public DurableTaskRegistry AddOrchestrator<TOrchestrator>(TaskName name)
        where TOrchestrator : class, ITaskOrchestrator =>
        AddOrchestrator(name, services => ActivatorUtilities.GetServiceOrCreateInstance<TOrchestrator>(services));

    public DurableTaskRegistry AddOrchestrator<TOrchestrator>()
        where TOrchestrator : class, ITaskOrchestrator => AddOrchestrator<TOrchestrator>(NameOf(typeof(TOrchestrator)));

    public DurableTaskRegistry AddOrchestratorFunc<TInput, TOutput>(
        TaskName name, Func<TaskOrchestrationContext, TInput, Task<TOutput>> orchestrator)
    {
        ArgumentNullException.ThrowIfNull(orchestrator);
        return AddOrchestrator(name, () => new OrchestratorFunc<TInput, TOutput>(orchestrator));
    }

    public DurableTaskRegistry AddOrchestratorFunc<TInput>(
        TaskName name, Func<TaskOrchestrationContext, TInput, Task> orchestrator) =>
        AddOrchestratorFunc<TInput, object?>(name, async (context, input) =>
        {
            await orchestrator(context, input);
            return null;
        });

    public DurableTaskRegistry AddOrchestratorFunc<TOutput>(
        TaskName name, Func<TaskOrchestrationContext, Task<TOutput>> orchestrator) =>
        AddOrchestratorFunc<object?, TOutput>(name, (context, _) => orchestrator(context));

    public DurableTaskRegistry AddOrchestratorFunc(TaskName name, Func<TaskOrchestrationContext, Task> orchestrator) =>
        AddOrchestratorFunc<object?>(name, (context, _) => orchestrator(context));

    /// <summary>An activity made anew for each call, from the services of the call's own scope.</summary>
    public DurableTaskRegistry AddActivity(TaskName name, Func<IServiceProvider, ITaskActivity> factory)
    {
        Add(_activities, name, factory);
        return this;
    }

    public DurableTaskRegistry AddActivity<TActivity>(TaskName name)
        where TActivity : class, ITaskActivity =>
        AddActivity(name, services => ActivatorUtilities.GetServiceOrCreateInstance<TActivity>(services));

    public DurableTaskRegistry AddActivity<TActivity>()
        where TActivity : class, ITaskActivity => AddActivity<TActivity>(NameOf(typeof(TActivity)));

    public DurableTaskRegistry AddActivityFunc<TInput, TOutput>(
        TaskName name, Func<TaskActivityContext, TInput, Task<TOutput>> activity)
    {
        ArgumentNullException.ThrowIfNull(activity);
        return AddActivity(name, _ => new ActivityFunc<TInput, TOutput>(activity));
    }

    public DurableTaskRegistry AddActivityFunc<TInput, TOutput>(
        TaskName name, Func<TaskActivityContext, TInput, TOutput> activity) =>
        AddActivityFunc<TInput, TOutput>(name, (context, input) => Task.FromResult(activity(context, input)));

    public DurableTaskRegistry AddActivityFunc<TInput>(TaskName name, Func<TaskActivityContext, TInput, Task> activity) =>
        AddActivityFunc<TInput, object?>(name, async (context, input) =>
        {
            await activity(context, input);
            return null;
        });

    public DurableTaskRegistry AddActivityFunc(TaskName name, Func<TaskActivityContext, Task> activity) =>
        AddActivityFunc<object?>(name, (context, _) => activity(context));

    private static void Add<T>(
        Dictionary<TaskName, Func<IServiceProvider, T>> all, TaskName name, Func<IServiceProvider, T> factory)
    {
        ArgumentException.ThrowIfNullOrEmpty(name.Name, nameof(name));
        ArgumentNullException.ThrowIfNull(factory);
        if (!all.TryAdd(name, factory))
        {
            throw new ArgumentException($"An {typeof(T).Name} named '{name}' is already registered.", nameof(name));
        }
    }

    private static TaskName NameOf(Type type) =>
        type.GetCustomAttribute<DurableTaskAttribute>() is { Name.Name: not null } named
            ? named.Name
            : new TaskName(type.Name);

    private sealed class OrchestratorFunc<TInput, TOutput>(
        Func<TaskOrchestrationContext, TInput, Task<TOutput>> run) : TaskOrchestrator<TInput, TOutput>
    {
        public override Task<TOutput> RunAsync(TaskOrchestrationContext context, TInput input) => run(context, input);
    }

    private sealed class ActivityFunc<TInput, TOutput>(
        Func<TaskActivityContext, TInput, Task<TOutput>> run) : TaskActivity<TInput, TOutput>
    {
        public override Task<TOutput> RunAsync(TaskActivityContext context, TInput input) => run(context, input);
    }
}
