using Microsoft.Azure.Functions.Worker;
using Microsoft.DurableTask;
using WebHost.Operations;
using WebHost.Provisioning;

namespace WebHost.Migration;

/// <summary>
/// Moves a tenant that is written all the time from one home to another, with a way back. Upgrade, downgrade and a change of
/// region or server are this one protocol; they differ in where the target is made and in what is archived.
/// </summary>
public static class MoveTenant
{
    /// <summary>The event that says that something has changed for which a move may wait.</summary>
    public const string Wake = nameof(Wake);

    /// <summary>The steps in order.</summary>
    public static IReadOnlyList<PlannedStep> StepsOf(MoveInput input)
    {
        ArgumentNullException.ThrowIfNull(input);
        var export = new PlannedStep(nameof(ExportHistory), "Copy everything that moves, as of one moment, into files");
        return
        [
            new(nameof(AnalyseUsage), "Look at what the tenant has and uses, and plan the move"),
            new("PrepareTarget", "Make the new home", HomeSteps.Of(input.Target.Provider)),
            new("Export", "Export the history",
            [
                new(nameof(AwaitTurn), "Wait for a turn among those who leave the same database"),
                .. input.Archives
                    ? [new(nameof(ArchiveHistory), "Archive what the new plan does not retain, to be downloaded"), export]
                    : new[] { export },
            ]),
            new("Import", "Import the history and catch up",
            [
                new(nameof(ImportHistory), "Bring the files into the new home, each compared with the manifest"),
                new(nameof(CatchUpTarget), "Copy what was written meanwhile, until the lag is under a second, and compare everything"),
            ]),
            new("Switch", "Switch over without downtime",
            [
                new(nameof(SwitchOver), "Fence the old home, copy the last rows, and have the new one serve"),
                new(nameof(PointHostname), "Point the tenant's hostname at the new home"),
            ]),
            new("Verify", "Verify the new home",
            [
                new(nameof(VerifyHome), "Prove that the tenant can write, and sees only its own rows"),
                new(nameof(ProbeTarget), "Send a point as a device would, and read it back as the tenant would"),
                new(nameof(CompareHomes), "Compare every table and day of both homes"),
            ]),
            new("CleanUp", "Remove the old home",
            [
                new(nameof(KeepSource), "Keep the old home up to date, for the way back, until the move is committed"),
                new(nameof(RemoveSource), "Remove the old home and prove that it is gone"),
            ]),
        ];
    }

    /// <summary>The orchestrator.</summary>
    [Function(nameof(MoveTenant))]
    public static async Task RunAsync([OrchestrationTrigger] TaskOrchestrationContext context)
    {
        var move = new MoveRun(context, context.GetInput<MoveInput>()!);
        try
        {
            var reached = await move.FindReachedAsync();
            if (reached is MoveState.Copying)
            {
                await move.RunAsync(nameof(AnalyseUsage));
                await move.MakeTargetAsync();
                await move.RunAsync(nameof(AwaitTurn));
                if (move.Input.Archives)
                {
                    await move.RunAsync(nameof(ArchiveHistory));
                }

                await move.RunAsync(nameof(ExportHistory));
                await move.RunAsync(nameof(ImportHistory));
                await move.RunAsync(nameof(CatchUpTarget));
            }

            if (reached is MoveState.Copying or MoveState.Switching)
            {
                await move.RunAsync(nameof(SwitchOver));
            }

            if (reached is MoveState.Copying or MoveState.Switching or MoveState.Switched)
            {
                await move.RunForTargetAsync(nameof(PointHostname));
                await move.RunForTargetAsync(nameof(VerifyHome));
                await move.RunAsync(nameof(ProbeTarget));
                await move.RunAsync(nameof(CompareHomes));
            }

            if (reached is not (MoveState.CleaningUp or MoveState.Committed))
            {
                await move.RunAsync(nameof(KeepSource));
            }
        }
        catch (StepGivenUpException failed)
        {
            await move.UndoAsync(failed);
            return;
        }

        await move.RemoveSourceAsync();
    }
}
