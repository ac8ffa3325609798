namespace WebHost.Local.Functions;

internal sealed record DurableTaskSettings
{
    public string? HubName { get; init; }

    public int? MaxConcurrentActivityFunctions { get; init; }

    public int? MaxConcurrentOrchestratorFunctions { get; init; }
}
