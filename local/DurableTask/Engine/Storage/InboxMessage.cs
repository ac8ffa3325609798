using WebHost.Local.DurableTask.History;

namespace WebHost.Local.DurableTask.Storage;

/// <param name="Id">Its place in the order of arrival.</param>
/// <param name="ExecutionId">The only execution it is for; any when absent.</param>
/// <param name="Event">What happened.</param>
internal sealed record InboxMessage(long Id, Guid? ExecutionId, HistoryEvent Event);
