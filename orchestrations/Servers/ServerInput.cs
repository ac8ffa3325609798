using WebHost.Operations;

namespace WebHost.Servers;

/// <summary>Input of <see cref="TakeServerIntoService"/> and of every activity of its.</summary>
/// <param name="OperationId">The operation whose steps these are.</param>
/// <param name="OrderId">The order that it carries out.</param>
/// <param name="Retries">How often steps are tried.</param>
/// <param name="PollInterval">Between two looks at what is awaited.</param>
/// <param name="DeliveryDeadline">Within which Hetzner must deliver.</param>
/// <param name="InstallDeadline">Within which the server must report that it is installed.</param>
public sealed record ServerInput(
    Guid OperationId,
    Guid OrderId,
    StepRetries Retries,
    TimeSpan PollInterval,
    TimeSpan DeliveryDeadline,
    TimeSpan InstallDeadline);
