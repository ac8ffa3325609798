namespace WebHost.Local.DurableTask.Storage;

/// <summary>A client schedules an orchestration.</summary>
internal sealed record CreateInstance(NewInstance Instance) : CommitRequest
{
    public override int Size => Instance.Input?.Length ?? 0;
}
