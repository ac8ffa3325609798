using WebHost.Local.DurableTask.History;

namespace WebHost.Local.DurableTask.Storage;

/// <summary>A client, or the engine itself, sends an orchestration a message.</summary>
internal sealed record SendMessage(OutgoingMessage Message) : CommitRequest
{
    public override int Size => (Message.Event as EventRaised)?.Input?.Length ?? 0;
}
