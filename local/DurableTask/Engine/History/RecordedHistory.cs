using DurableTask.Core.Exceptions;
using Microsoft.DurableTask;
using Microsoft.DurableTask.Client;
using Microsoft.DurableTask.Converters;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;
using WebHost.Local.DurableTask.Replay;
using WebHost.Local.DurableTask.Storage;

namespace WebHost.Local.DurableTask.History;

/// <summary>
/// An orchestration's history as a document, to be kept beside the tests and replayed against the orchestrator of the day: a
/// change that orchestrations under way would not survive is caught before it ships.
/// </summary>
public static class RecordedHistory
{
    /// <summary>Reads the history of an orchestration's latest execution. Payloads are part of it.</summary>
    /// <exception cref="ArgumentException">There is no such orchestration.</exception>
    public static async Task<string> ExportAsync(
        string connectionString, string hubName, string instanceId, CancellationToken cancellation = default)
    {
        HubDatabase.ThrowIfUnusable(hubName);
        await using var database = NpgsqlDataSource.Create(connectionString);
        await using var command = database.CreateCommand(
            $"""
            SELECT i.execution_id, i.name, i.input, i.parent_name, i.parent_id, i.status, i.output,
                ARRAY (SELECT h.body FROM {hubName}.history h
                    WHERE h.instance_id = i.instance_id AND h.execution_id = i.execution_id ORDER BY h.step)
            FROM {hubName}.instances i WHERE i.instance_id = $1
            """);
        command.Parameters.Add(new NpgsqlParameter<string>(null!, instanceId));
        await using var reader = await command.ExecuteReaderAsync(cancellation);
        if (!await reader.ReadAsync(cancellation))
        {
            throw new ArgumentException($"There is no orchestration '{instanceId}' in hub '{hubName}'.", nameof(instanceId));
        }

        return HistoryJson.Write(new HistoryDocument(
            instanceId,
            reader.GetGuid(0),
            reader.GetString(1),
            Text(2),
            Text(3),
            Text(4),
            (OrchestrationRuntimeStatus)reader.GetInt16(5),
            Text(6),
            [.. reader.GetFieldValue<string[]>(7).Select(HistoryJson.ReadStep)]));

        string? Text(int column) => reader.IsDBNull(column) ? null : reader.GetString(column);
    }

    /// <summary>Runs today's orchestrator over a history and compares what it asks for, and how it ends.</summary>
    /// <exception cref="NonDeterministicOrchestrationException">The orchestrator no longer does what it did.</exception>
    public static void Replay(
        string document, DurableTaskRegistry registry, IServiceProvider services, DataConverter? converter = null)
    {
        ArgumentNullException.ThrowIfNull(registry);
        var history = HistoryJson.ReadDocument(document);
        using var scope = services.CreateScope();
        var orchestrator = registry.GetOrchestrators()
            .FirstOrDefault(registered => registered.Key == new TaskName(history.Name)).Value?.Invoke(scope.ServiceProvider)
            ?? throw new NonDeterministicOrchestrationException($"No orchestrator named '{history.Name}' is registered any more.");
        var run = new OrchestrationRun(
            new(history.InstanceId, history.ExecutionId, history.Name, history.Input, history.Parent),
            orchestrator,
            converter ?? JsonDataConverter.Default,
            NullLoggerFactory.Instance,
            (_, _) => { });
        foreach (var step in history.Steps.Where(step => !step.Events.OfType<ExecutionTerminated>().Any()))
        {
            run.Replay(step);
        }

        var now = run.Current();
        if (history.Status != OrchestrationRuntimeStatus.Terminated
            && (now.Status != history.Status || now.Output != history.Output))
        {
            throw new NonDeterministicOrchestrationException(
                now.Failure?.ErrorMessage
                ?? $"Orchestrator '{history.Name}' was {history.Status} with {history.Output ?? "no output"}; by today's code it is"
                + $" {now.Status} with {now.Output ?? "no output"}.");
        }
    }
}
