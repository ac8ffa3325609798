using Microsoft.Azure.Functions.Worker;
using Microsoft.DurableTask;
using WebHost.Operations;

namespace WebHost.Emergency;

/// <summary>Fails all tenants of a lost server over, the most important first: all are served again before the last is restored.</summary>
public static class FailOverServer
{
    // So that replaying stays short however long it takes.
    private const int LooksAtOnce = 100;

    /// <summary>The steps in order.</summary>
    public static IReadOnlyList<PlannedStep> Steps { get; } =
    [
        new(nameof(CloseServer), "Have the server take no more tenants"),
        new(nameof(FailOverTenants), "Fail its tenants over, the most important first, and restore their history"),
    ];

    /// <summary>The orchestrator.</summary>
    [Function(nameof(FailOverServer))]
    public static async Task RunAsync([OrchestrationTrigger] TaskOrchestrationContext context)
    {
        var input = context.GetInput<ServerFailoverInput>()!;
        var options = input.Retries.ToUndoOptions();
        for (var look = 0; look < LooksAtOnce; look++)
        {
            try
            {
                if (!input.IsClosed)
                {
                    await context.CallActivityAsync<bool>(nameof(CloseServer), input, options);
                    input = input with { IsClosed = true };
                }

                if (await context.CallActivityAsync<bool>(nameof(FailOverTenants), input, options))
                {
                    return;
                }
            }
            catch (TaskFailedException)
            {
                // The step says why. Tenants that have a new home already are looked after by their own failovers, and the others
                // are tried again.
            }

            await context.CreateTimer(context.CurrentUtcDateTime + input.PollInterval, CancellationToken.None);
        }

        context.ContinueAsNew(input);
    }
}

/// <summary>Input of <see cref="FailOverServer"/> and of its activities.</summary>
/// <param name="OperationId">The operation.</param>
/// <param name="ServerId">The server that is lost.</param>
/// <param name="Reason">Why, for the reports.</param>
/// <param name="Found">How it was found when that was accepted: its tenants do not each wait for an answer.</param>
/// <param name="Retries">How often a step is tried.</param>
/// <param name="PollInterval">After which its tenants are looked at again.</param>
/// <param name="IsClosed">Whether it takes no more tenants already.</param>
public sealed record ServerFailoverInput(
    Guid OperationId,
    Guid ServerId,
    string Reason,
    HomeCondition Found,
    StepRetries Retries,
    TimeSpan PollInterval,
    bool IsClosed = false);
