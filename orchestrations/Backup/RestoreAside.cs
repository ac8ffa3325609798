using System.Diagnostics;
using Microsoft.Azure.Functions.Worker;
using WebHost.Migration;
using WebHost.Operations;

namespace WebHost.Backups;

/// <summary>Restores a backup and what the journal has besides into a database that is there for nothing else.</summary>
public sealed class RestoreAside(
    StepRunner steps, OperationStore operations, ScratchDatabases scratch, BackupRestore restore, TimeProvider time)
{
    // The operation names some; each is in the log.
    private const int FaultsNamed = 20;

    /// <summary>The step. What an interrupted attempt has written is kept.</summary>
    [Function(nameof(RestoreAside))]
    public Task<bool> RunAsync([ActivityTrigger] RestoreInput input, CancellationToken cancellationToken) =>
        steps.RunAsync(
            input.OperationId,
            nameof(RestoreAside),
            async () =>
            {
                var begin = Stopwatch.GetTimestamp();
                var target = await scratch.EnsureAsync(input.OperationId, input.TenantId, cancellationToken);
                await using var watch = new TransferWatch(
                    operations, input.OperationId, nameof(RestoreAside), time, cancellationToken);
                var report = await RestoreAsync(input, target, watch);
                var seconds = Stopwatch.GetElapsedTime(begin).TotalSeconds;
                await operations.AddFiguresAsync(
                    input.OperationId,
                    new
                    {
                        restore = new
                        {
                            input.To,
                            backup = report.Backup is { } backup ? new { backup.Id, backup.FinishedAt, report.Rows } : null,
                            report.Journal,
                            faultCount = report.Replaced.Count + (report.Journal?.FaultCount ?? 0),
                            replaced = report.Replaced.Take(FaultsNamed),
                            seconds,
                        },
                    },
                    cancellationToken);
                return StepOutcome.Done(Describe(report));
            },
            cancellationToken);

    private async Task<RestoreReport> RestoreAsync(RestoreInput input, JoinedTenant target, TransferWatch watch)
    {
        try
        {
            return await restore.RunAsync(
                new RestoreWanted(
                    input.OperationId, target, input.BackupId, input.WithJournal ? input.To : null, input.WithJournal),
                watch,
                watch.Token);
        }
        catch (BackupRefusedException gone)
        {
            throw new StepRefusedException(gone.Message, gone);
        }
    }

    private static string Describe(RestoreReport report)
    {
        var parts = new List<string>
        {
            report.Backup is { } backup
                ? $"{report.Rows:N0} rows of backup {backup.Id}, finished at {backup.FinishedAt:u}"
                : "No backup",
        };
        if (report.Journal is { } journal)
        {
            parts.Add($"{journal.Points:N0} points in {journal.Batches:N0} batches of the journal");
        }

        var replaced = report.Replaced.Count(part => part.TakenFrom is not null);
        if (replaced > 0)
        {
            parts.Add($"{replaced} damaged parts taken from older backups");
        }

        var missing = report.Replaced.Count - replaced + (report.Journal?.FaultCount ?? 0);
        if (missing > 0)
        {
            parts.Add($"{missing} parts that could not be read");
        }

        return string.Join("; ", parts) + ".";
    }
}
