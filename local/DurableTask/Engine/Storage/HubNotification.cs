namespace WebHost.Local.DurableTask.Storage;

/// <summary>What a process tells the others when it commits: who it is, and which orchestrations' status changed.</summary>
internal static class HubNotification
{
    private const int MaxLength = 7000; // PostgreSQL takes less than 8000 bytes.
    private const string Everything = "*";

    public static string Write(Guid worker, IReadOnlyList<string> changed)
    {
        var text = string.Join('\n', changed.Prepend(worker.ToString("N")));
        return System.Text.Encoding.UTF8.GetByteCount(text) <= MaxLength ? text : $"{worker:N}\n{Everything}";
    }

    /// <summary>Changed is null when there were too many to name.</summary>
    public static (string Worker, IReadOnlyList<string>? Changed) Read(string payload)
    {
        var parts = payload.Split('\n');
        return (parts[0], parts is [_, Everything] ? null : parts[1..]);
    }
}
