using System.Text.Json.Serialization;

namespace WebHost.Local.DurableTask.History;

/// <summary>Something that an orchestrator asked for. Inputs are sent but not kept: replay does not need them.</summary>
[JsonPolymorphic(TypeDiscriminatorPropertyName = "type")]
[JsonDerivedType(typeof(CallActivity), "activity")]
[JsonDerivedType(typeof(CallSubOrchestration), "orchestration")]
[JsonDerivedType(typeof(StartTimer), "timer")]
[JsonDerivedType(typeof(CancelTimer), "cancel")]
[JsonDerivedType(typeof(SendEvent), "event")]
internal abstract record OrchestratorAction(int Id)
{
    /// <summary>What replay must reproduce, and what a mismatch is reported with.</summary>
    public abstract string Describe();
}

internal sealed record CallActivity(int Id, string Name) : OrchestratorAction(Id)
{
    [JsonIgnore]
    public string? Input { get; init; }

    public override string Describe() => $"activity '{Name}' (#{Id})";
}

internal sealed record CallSubOrchestration(int Id, string Name, string InstanceId) : OrchestratorAction(Id)
{
    [JsonIgnore]
    public string? Input { get; init; }

    public override string Describe() => $"sub-orchestration '{Name}' (#{Id})";
}

internal sealed record StartTimer(int Id, DateTime FireAt) : OrchestratorAction(Id)
{
    public override string Describe() => $"timer (#{Id})";
}

internal sealed record CancelTimer(int Id) : OrchestratorAction(Id)
{
    public override string Describe() => $"cancellation of timer (#{Id})";
}

internal sealed record SendEvent(int Id, string InstanceId, string Name) : OrchestratorAction(Id)
{
    [JsonIgnore]
    public string? Input { get; init; }

    public override string Describe() => $"event '{Name}' (#{Id})";
}
