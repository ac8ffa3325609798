using WebHost.Local.DurableTask.History;

namespace WebHost.Local.DurableTask.Storage;

/// <param name="InstanceId">Whose inbox it goes to.</param>
/// <param name="ExecutionId">The only execution it is for; any when absent.</param>
/// <param name="Event">What happens.</param>
/// <param name="DueAt">Not to be seen before.</param>
/// <param name="IsTimed">
/// Due later on purpose. Any other message is taken with those that came after it, though the clock of who sent it be ahead.
/// </param>
/// <param name="TimerId">Set for a timer, which can be cancelled.</param>
internal sealed record OutgoingMessage(
    string InstanceId, Guid? ExecutionId, HistoryEvent Event, DateTime DueAt, bool IsTimed = false, int? TimerId = null);
