namespace WebHost.Local.Providers.Faults;

/// <summary>A fault that strikes one call.</summary>
internal sealed record Fault(FaultKind Kind, int? Status, TimeSpan? Delay);
