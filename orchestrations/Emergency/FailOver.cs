using Microsoft.Azure.Functions.Worker;
using Microsoft.DurableTask;
using WebHost.Migration;
using WebHost.Operations;
using WebHost.Provisioning;

namespace WebHost.Emergency;

/// <summary>
/// Has a tenant whose home is lost served from another one at once, and brings its history there afterwards. Nothing here needs
/// the lost home.
/// </summary>
public static class FailOver
{
    /// <summary>The event that says that something has changed for which a failover may wait; the same as a move's.</summary>
    public const string Wake = MoveTenant.Wake;

    /// <summary>The steps in order.</summary>
    public static IReadOnlyList<PlannedStep> StepsOf(FailoverInput input)
    {
        ArgumentNullException.ThrowIfNull(input);
        return
        [
            input.Stands
                ? new(nameof(CheckStandingHome), "Look whether the home that a migration has left still stands")
                : new("PrepareTarget", "Make a new home at once", HomeSteps.Of(input.Target.Provider)),
            new("Switch", "Switch to the new home",
            [
                new(nameof(RestoreFleet), "Bring vehicles, devices and geofences from the newest backup, if that takes no time"),
                new(nameof(TakeOver), "Have the new home take everything that is sent from now on"),
                new(nameof(PointHostname), "Point the tenant's hostname at the new home"),
            ]),
            new("Restore", "Bring the history",
            [
                new(nameof(RestoreHistory), "Restore the newest backup and the journal, newest days first"),
            ]),
            new("Verify", "Verify and recover",
            [
                new(nameof(AskVendor), "Ask the vendor what it says of the lost home"),
                new(nameof(VerifyHome), "Prove that the tenant can write, and sees only its own rows"),
                new(nameof(VerifyHistory), "Read the journal once more: everything that was accepted is there, once"),
                new(nameof(RecoverSource), "When the lost home answers again, fence it and fetch what only it has"),
            ]),
            new("Report", "Analyse what happened",
            [
                new(nameof(RemoveOldHomes), "Remove what is left of the lost home and prove that it is gone"),
                new(nameof(WriteReport), "Write down what failed, what was done when, and what was lost"),
            ]),
        ];
    }

    /// <summary>The orchestrator.</summary>
    [Function(nameof(FailOver))]
    public static async Task RunAsync([OrchestrationTrigger] TaskOrchestrationContext context)
    {
        var failover = new FailoverRun(context, context.GetInput<FailoverInput>()!);
        try
        {
            var reached = await failover.FindReachedAsync();
            if (reached is FailoverState.Preparing or FailoverState.Replacing)
            {
                await failover.MakeTargetAsync();
                await failover.RunAsync(nameof(RestoreFleet));
                await failover.TakeOverAsync();
            }

            if (reached is FailoverState.Preparing or FailoverState.Replacing or FailoverState.Serving)
            {
                // The history does not wait for a vendor of names.
                var pointed = failover.RunForTargetAsync(nameof(PointHostname));
                await failover.RunAsync(nameof(RestoreHistory));
                await pointed;
                await failover.RunAsync(nameof(AskVendor));
                await failover.RunForTargetAsync(nameof(VerifyHome));
                await failover.VerifyHistoryAsync();
            }

            if (reached is not FailoverState.Done)
            {
                await failover.RunAsync(nameof(RecoverSource));
                await failover.RemoveOldHomesAsync();
            }

            await failover.RunAsync(nameof(WriteReport));
        }
        catch (StepGivenUpException givenUp)
        {
            await failover.EndAsync(givenUp);
        }
    }
}
