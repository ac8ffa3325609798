namespace WebHost.Local.Providers.Faults;

/// <summary>A fault that someone orders.</summary>
/// <param name="Provider">Such as <c>Fly</c>; case does not matter.</param>
/// <param name="Operation">Such as <c>CreateMachine</c>; every operation when absent.</param>
/// <param name="Times">How many calls it strikes; one when absent.</param>
internal sealed record FaultRequest(
    string Provider, string? Operation, FaultKind Kind, int? Status, int? Times, int? DelayMs);
