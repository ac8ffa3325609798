using DurableTask.Core.Exceptions;
using Microsoft.DurableTask;
using Microsoft.DurableTask.Client;
using Microsoft.Extensions.Options;
using WebHost.Local.DurableTask.History;
using WebHost.Local.DurableTask.Hosting;
using WebHost.Local.DurableTask.Storage;

namespace WebHost.Local.DurableTask.Clients;

/// <summary>The client of a hub in PostgreSQL. What it sends is on disk when it returns.</summary>
internal sealed class LocalDurableTaskClient(
    HubDatabase database,
    GroupCommitter committer,
    InstanceStore instances,
    HubSignals signals,
    TimeProvider time,
    IOptions<LocalDurableTaskOptions> options) : DurableTaskClient(database.Hub)
{
    private readonly DataConverter _converter = options.Value.DataConverter;

    public override async Task<string> ScheduleNewOrchestrationInstanceAsync(
        TaskName orchestratorName,
        object? input = null,
        StartOrchestrationOptions? options = null,
        CancellationToken cancellation = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(orchestratorName.Name, nameof(orchestratorName));
        var id = options?.InstanceId ?? Guid.NewGuid().ToString("N");
        ThrowIfUnusable(id, nameof(options));
        var now = Now();
        var startAt = options?.StartAt?.UtcDateTime ?? now;
        var instance = new NewInstance(id, orchestratorName, _converter.Serialize(input), now, startAt > now ? startAt : now)
        {
            Replaceable = options?.DedupeStatuses is { } kept ? AllStatusesBut(kept) : NewInstance.FinishedStates,
        };
        return await committer.CommitAsync(new CreateInstance(instance), cancellation)
            ? id
            : throw new OrchestrationAlreadyExistsException($"An Orchestration instance with the ID {id} already exists.");
    }

    public override Task RaiseEventAsync(
        string instanceId, string eventName, object? eventPayload = null, CancellationToken cancellation = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(eventName);
        return SendAsync(instanceId, new EventRaised(eventName, _converter.Serialize(eventPayload)), cancellation);
    }

    public override Task TerminateInstanceAsync(
        string instanceId, TerminateInstanceOptions? options = null, CancellationToken cancellation = default) =>
        SendAsync(
            instanceId,
            new ExecutionTerminated(_converter.Serialize(options?.Output), options?.Recursive ?? false),
            cancellation);

    public override Task SuspendInstanceAsync(
        string instanceId, string? reason = null, CancellationToken cancellation = default) =>
        SendAsync(instanceId, new ExecutionSuspended(reason), cancellation);

    public override Task ResumeInstanceAsync(
        string instanceId, string? reason = null, CancellationToken cancellation = default) =>
        SendAsync(instanceId, new ExecutionResumed(reason), cancellation);

    public override Task<OrchestrationMetadata> WaitForInstanceStartAsync(
        string instanceId, bool getInputsAndOutputs = false, CancellationToken cancellation = default) =>
        WaitAsync(
            instanceId,
            found => found.RuntimeStatus != OrchestrationRuntimeStatus.Pending,
            getInputsAndOutputs,
            cancellation);

    public override Task<OrchestrationMetadata> WaitForInstanceCompletionAsync(
        string instanceId, bool getInputsAndOutputs = false, CancellationToken cancellation = default) =>
        WaitAsync(instanceId, found => found.IsCompleted, getInputsAndOutputs, cancellation);

    public override Task<OrchestrationMetadata?> GetInstancesAsync(
        string instanceId, bool getInputsAndOutputs = false, CancellationToken cancellation = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(instanceId);
        return instances.FindAsync(instanceId, getInputsAndOutputs, cancellation);
    }

    public override AsyncPageable<OrchestrationMetadata> GetAllInstancesAsync(OrchestrationQuery? filter = null)
    {
        var query = filter ?? new OrchestrationQuery();
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(query.PageSize, nameof(filter));
        return Pageable.Create((token, size, cancellation) =>
            instances.ListAsync(query, token ?? query.ContinuationToken, size ?? query.PageSize, cancellation));
    }

    public override async Task<PurgeResult> PurgeInstanceAsync(
        string instanceId, PurgeInstanceOptions? options = null, CancellationToken cancellation = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(instanceId);
        return new(await instances.PurgeAsync(instanceId, options?.Recursive ?? false, cancellation));
    }

    public override async Task<PurgeResult> PurgeAllInstancesAsync(
        PurgeInstancesFilter filter, PurgeInstanceOptions? options = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(filter);
        return new(await instances.PurgeAsync(filter, options?.Recursive ?? false, cancellation));
    }

    public override ValueTask DisposeAsync() => ValueTask.CompletedTask; // What it uses is the container's.

    private static void ThrowIfUnusable(string instanceId, string argument)
    {
        ArgumentException.ThrowIfNullOrEmpty(instanceId, argument);
        if (instanceId.Any(char.IsControl))
        {
            throw new ArgumentException("An instance id has no control characters.", argument);
        }
    }

    private static IReadOnlyList<OrchestrationRuntimeStatus> AllStatusesBut(IReadOnlyList<string> kept)
    {
        var parsed = kept.Select(status => Enum.TryParse<OrchestrationRuntimeStatus>(status, ignoreCase: true, out var known)
            ? known
            : throw new ArgumentException($"'{status}' is not the status of an orchestration.", nameof(kept)));
        return [.. Enum.GetValues<OrchestrationRuntimeStatus>().Except(parsed)];
    }

    private async Task SendAsync(string instanceId, HistoryEvent message, CancellationToken cancellation)
    {
        ArgumentException.ThrowIfNullOrEmpty(instanceId);
        if (await instances.FindAsync(instanceId, withData: false, cancellation) is not { } found)
        {
            throw new ArgumentException($"There is no orchestration '{instanceId}'.", nameof(instanceId));
        }

        if (!found.IsCompleted)
        {
            await committer.CommitAsync(new SendMessage(new(instanceId, null, message, Now())), cancellation);
        }
    }

    private async Task<OrchestrationMetadata> WaitAsync(
        string instanceId, Func<OrchestrationMetadata, bool> isReached, bool withData, CancellationToken cancellation)
    {
        ArgumentException.ThrowIfNullOrEmpty(instanceId);
        while (true)
        {
            var change = signals.NextChangeOf(instanceId);
            if (await instances.FindAsync(instanceId, withData, cancellation) is { } found && isReached(found))
            {
                return found;
            }

            await change.WaitAsync(options.Value.PollInterval, time, cancellation)
                .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            cancellation.ThrowIfCancellationRequested();
        }
    }

    private DateTime Now() => time.GetUtcNow().UtcDateTime;
}
