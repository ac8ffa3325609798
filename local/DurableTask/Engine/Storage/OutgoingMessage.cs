using WebHost.Local.DurableTask.History;

namespace WebHost.Local.DurableTask.Storage;

/// <param name="InstanceId">Whose inbox it goes to.</param>
/// <param name="ExecutionId">The only execution it is for; any when absent.</param>
/// <param name="Event">What happens.</param>
/// <param name="DueAt">Not to be seen before.</param>
/// <param name="TimerId">Set for a timer, which can be cancelled.</param>
internal sealed record OutgoingMessage(
    string InstanceId, Guid? ExecutionId, HistoryEvent Event, DateTime DueAt, int? TimerId = null);
