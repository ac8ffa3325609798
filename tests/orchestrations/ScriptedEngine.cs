using System.Collections.Concurrent;
using System.Reflection;
using System.Text.Json;
using Microsoft.Azure.Functions.Worker;
using Microsoft.DurableTask;
using Microsoft.DurableTask.Client;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using WebHost.Backups;
using WebHost.Emergency;
using WebHost.Local.DurableTask;
using WebHost.Local.DurableTask.History;
using WebHost.Migration;
using WebHost.Operations;
using WebHost.Plans;
using WebHost.Provisioning;
using WebHost.Servers;
using WebHost.Testing;

namespace WebHost.Orchestrations.Tests;

/// <summary>
/// The application's orchestrators on a real engine, with a script in place of each activity: what is tested is which steps
/// follow which. Every step replays the whole history, so that no orchestrator gets by on what it remembers.
/// </summary>
public sealed class ScriptedEngine : IAsyncLifetime
{
    private const string Hub = "scripted";

    private static readonly StepRetries Retries = new(3, TimeSpan.FromMilliseconds(10), TimeSpan.FromMilliseconds(20));

    private static readonly HomeCondition Silent = new(HomePresence.Silent, Epoch: null, "No connection (ConnectionRefused).");

    private static readonly TimeSpan PollInterval = TimeSpan.FromMilliseconds(20);
    private static readonly TimeSpan FarDeadline = TimeSpan.FromMinutes(1);

    private readonly ConcurrentDictionary<Guid, Script> _scripts = new();
    private TestDatabase _database = null!;
    private IHost _host = null!;

    /// <summary>Every orchestrator of the application by its function's name.</summary>
    public static IReadOnlyDictionary<string, Func<TaskOrchestrationContext, Task>> Orchestrators { get; } =
        Functions<OrchestrationTriggerAttribute>().ToDictionary(
            found => found.Name, found => found.Method.CreateDelegate<Func<TaskOrchestrationContext, Task>>());

    /// <summary>Names of every activity of the application.</summary>
    public static IReadOnlyCollection<string> Activities { get; } =
        [.. Functions<ActivityTriggerAttribute>().Select(found => found.Name)];

    public DurableTaskClient Client => _host.Services.GetRequiredService<DurableTaskClient>();

    public IServiceProvider Services => _host.Services;

    public static void Register(DurableTaskRegistry registry, Func<string, JsonElement, object> activity)
    {
        foreach (var (name, run) in Orchestrators)
        {
            registry.AddOrchestratorFunc(name, run);
        }

        foreach (var name in Activities)
        {
            registry.AddActivityFunc<JsonElement, object>(name, (_, input) => activity(name, input));
        }
    }

    public async ValueTask InitializeAsync()
    {
        _database = await TestDatabase.CreateAsync("scripted");
        var builder = Host.CreateEmptyApplicationBuilder(null);
        builder.Services.AddLocalDurableTask(
            registry => Register(registry, Answer),
            options =>
            {
                options.ConnectionString = $"{_database.ConnectionString};Maximum Pool Size=8";
                options.HubName = Hub;
                options.MaxIdleOrchestrations = 0;
            });
        _host = builder.Build();
        await _host.StartAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await _host.StopAsync();
        await ((IAsyncDisposable)_host).DisposeAsync();
        await _database.DisposeAsync();
    }

    /// <summary>Starts an orchestrator whose activities follow the script.</summary>
    /// <param name="orchestrator">Its name.</param>
    /// <param name="script">What its activities answer.</param>
    /// <param name="deadline">For each step that waits; far off when absent.</param>
    public Task<string> StartAsync(string orchestrator, Script script, TimeSpan? deadline = null)
    {
        if (orchestrator == nameof(MoveTenant))
        {
            return StartAsync(Upgrade(deadline), script);
        }

        if (orchestrator == nameof(FailOver))
        {
            return StartAsync(Failover(HostingProvider.Hetzner, retryWindow: deadline), script, LostHome);
        }

        var limit = deadline ?? FarDeadline;
        var operationId = Guid.CreateVersion7();
        _scripts[operationId] = script;
        object input = orchestrator switch
        {
            nameof(TakeServerIntoService) => new ServerInput(operationId, Guid.CreateVersion7(), Retries, PollInterval, limit, limit),
            nameof(BackUpTenant) => new BackupInput(operationId, Guid.CreateVersion7(), Retries, PollInterval, limit),
            nameof(FailOverServer) => new ServerFailoverInput(
                operationId, Guid.CreateVersion7(), "It burns.", Silent, Retries, PollInterval),
            nameof(RestoreTenant) => new RestoreInput(
                operationId, Guid.CreateVersion7(), Guid.CreateVersion7(), DateTimeOffset.UtcNow, WithJournal: true, Retries),
            nameof(ProveBackup) => new ProofInput(operationId, Guid.CreateVersion7(), Guid.CreateVersion7(), Retries),
            _ => new ProvisioningInput(operationId, Guid.CreateVersion7(), 1, Retries),
        };
        return Client.ScheduleNewOrchestrationInstanceAsync(orchestrator, input);
    }

    /// <summary>Starts a move whose activities follow the script.</summary>
    public Task<string> StartAsync(MoveInput move, Script script)
    {
        _scripts[move.OperationId] = script;
        _scripts[move.Source.MadeBy] = script;
        return Client.ScheduleNewOrchestrationInstanceAsync(nameof(MoveTenant), move);
    }

    /// <summary>A move from a shared server to infrastructure of the tenant's own.</summary>
    /// <param name="retryWindow">For how long a step that has failed waits; far off when absent.</param>
    public static MoveInput Upgrade(TimeSpan? retryWindow = null) =>
        Move(HostingProvider.Hetzner, HostingProvider.Fly, archives: false, retryWindow);

    /// <summary>A move to a shared server that leaves history behind.</summary>
    /// <param name="retryWindow">For how long a step that has failed waits; far off when absent.</param>
    public static MoveInput Downgrade(TimeSpan? retryWindow = null) =>
        Move(HostingProvider.Fly, HostingProvider.Hetzner, archives: true, retryWindow);

    private static MoveInput Move(HostingProvider from, HostingProvider to, bool archives, TimeSpan? retryWindow)
    {
        var operationId = Guid.CreateVersion7();
        return new MoveInput(
            operationId,
            Guid.CreateVersion7(),
            new MovingHome(3, from, Guid.CreateVersion7()),
            new MovingHome(6, to, operationId),
            archives,
            Retries,
            retryWindow ?? FarDeadline);
    }

    /// <summary>Starts a failover whose activities follow the script.</summary>
    /// <param name="failover">The failover.</param>
    /// <param name="script">What its activities answer.</param>
    /// <param name="left">The homes that it finds left behind.</param>
    public Task<string> StartAsync(FailoverInput failover, Script script, params IReadOnlyList<(MovingHome Home, bool IsReachable)> left)
    {
        _scripts[failover.OperationId] = script;
        foreach (var (home, _) in left)
        {
            _scripts[home.MadeBy] = script;
        }

        script.Finds(
            nameof(RemoveOldHomes.ListOldHomes),
            left.Select(old => new OldHome(failover, old.Home, Guid.CreateVersion7(), old.IsReachable)).ToArray());
        return Client.ScheduleNewOrchestrationInstanceAsync(nameof(FailOver), failover);
    }

    /// <summary>A failover away from a home that is lost.</summary>
    /// <param name="to">Where the home is made, or stands, that takes its place.</param>
    /// <param name="stands">Whether it stands.</param>
    /// <param name="retryWindow">For how long a step that has failed waits; far off when absent.</param>
    public static FailoverInput Failover(HostingProvider to, bool stands = false, TimeSpan? retryWindow = null)
    {
        var operationId = Guid.CreateVersion7();
        return new FailoverInput(
            operationId,
            Guid.CreateVersion7(),
            new MovingHome(6, to, stands ? Guid.CreateVersion7() : operationId),
            stands,
            Retries,
            retryWindow ?? FarDeadline,
            SettleFor: FarDeadline);
    }

    /// <summary>A home on a shared server that has been lost.</summary>
    public static (MovingHome Home, bool IsReachable) LostHome => (new(3, HostingProvider.Hetzner, Guid.CreateVersion7()), false);

    /// <summary>Runs an orchestrator to its end.</summary>
    public async Task<OrchestrationMetadata> RunAsync(string orchestrator, Script script, TimeSpan? deadline = null) =>
        await EndOfAsync(await StartAsync(orchestrator, script, deadline));

    public Task<OrchestrationMetadata> EndOfAsync(string instanceId) =>
        Client.WaitForInstanceCompletionAsync(instanceId, getInputsAndOutputs: true, CancellationToken.None)
            .WaitAsync(TimeSpan.FromSeconds(30));

    /// <summary>Returns when an orchestration has been made to wait so many times with a limit.</summary>
    public Task WaitsAsync(string instanceId, int timers = 1) =>
        Eventually.IsTrueAsync(
            async () => (await ExportAsync(instanceId)).Split("\"fireAt\"").Length > timers);

    public Task<string> ExportAsync(string instanceId) =>
        RecordedHistory.ExportAsync(_database.ConnectionString, Hub, instanceId);

    private object Answer(string activity, JsonElement input)
    {
        var operation = input.TryGetProperty(nameof(FailedStep.Provisioning), out var inner)
            || input.TryGetProperty(nameof(FailedServerOrder.Input), out inner)
            || input.TryGetProperty(nameof(MoveFailure.Move), out inner)
            || input.TryGetProperty(nameof(FailoverFailure.Failover), out inner)
                ? inner
                : input;
        return _scripts[operation.GetProperty(nameof(ProvisioningInput.OperationId)).GetGuid()].Answer(activity, input);
    }

    private static IEnumerable<(string Name, MethodInfo Method)> Functions<TTrigger>()
        where TTrigger : Attribute =>
        from type in typeof(SignupIntake).Assembly.GetTypes()
        from method in type.GetMethods(BindingFlags.Public | BindingFlags.Static | BindingFlags.Instance)
        where method.GetParameters().Any(parameter => parameter.GetCustomAttribute<TTrigger>() is not null)
        select (method.GetCustomAttribute<FunctionAttribute>()!.Name, method);
}
