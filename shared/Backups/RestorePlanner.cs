using WebHost.Configuration;
using WebHost.Data;
using WebHost.Placement;
using WebHost.Tenants;

namespace WebHost.Backups;

/// <summary>
/// Says how a tenant can be brought back as it was at a moment: from the newest backup before it, and from the journal what was
/// received since. That is possible as far as both reach; nothing is promised where a point could be missing.
/// </summary>
public sealed class RestorePlanner(
    ControlDatabase control, TenantStore tenants, BackupStore backups, Settings settings, TimeProvider time)
{
    /// <summary>Finds out.</summary>
    /// <exception cref="TenantUnknownException">There is no such tenant.</exception>
    public async Task<RestoreAssessment> AssessAsync(
        Guid tenantId, RestoreRequest request, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(request);
        var tenant = await tenants.FindAsync(tenantId, cancellationToken) ?? throw new TenantUnknownException(tenantId);
        var now = time.GetUtcNow();
        var obstacles = new Dictionary<string, string[]>();
        if (settings.Backups.ScratchDatabase is null)
        {
            obstacles["scratchDatabase"] =
                ["There is no server on which anything could be restored: the setting Backups__ScratchDatabase names none."];
        }

        if (request.To > now)
        {
            obstacles["to"] = [$"{request.To:u} has not come yet; it is {now:u}."];
        }
        else if (request.To < tenant.CreatedAt)
        {
            obstacles["to"] = [$"Tenant {tenantId} signed up at {tenant.CreatedAt:u}; there was nothing at {request.To:u}."];
        }

        var finished = (await backups.ListAsync(tenantId, cancellationToken))
            .Where(backup => backup.State == BackupState.Finished)
            .OrderByDescending(backup => backup.FinishedAt)
            .ToList();
        var to = request.To ?? now;
        var backup = finished.Find(candidate => request.BackupId is { } wanted
            ? candidate.Id == wanted
            : candidate.FinishedAt <= to);
        if (request.BackupId is { } id && backup is null)
        {
            obstacles["backupId"] = [$"Tenant {tenantId} has no finished backup {id}: GET /api/tenants/{tenantId}/backups."];
        }
        else if (backup?.FinishedAt > to)
        {
            obstacles["backupId"] =
                [$"Backup {backup.Id} was finished at {backup.FinishedAt:u}; what is in it may be newer than {request.To:u}."];
        }

        // Whoever names a backup and no time wants what is in it.
        var isWithJournal = request is not { To: null, BackupId: not null };
        if (obstacles.Count == 0 && isWithJournal)
        {
            var completeSince = CompleteSince(finished, tenant, now);
            var neededSince = backup is null ? tenant.CreatedAt : backup.StartedAt - JournalRetention.LongestWait;
            if (neededSince < completeSince)
            {
                obstacles["to"] =
                [
                    backup is null
                        ? $"There is no backup from before {to:u}, and the journal, which reaches back to {completeSince:u}, "
                            + $"does not have all since the tenant signed up at {tenant.CreatedAt:u}."
                        : $"The newest backup from before {to:u} was finished at {backup.FinishedAt:u}, and the journal, which "
                            + $"reaches back to {completeSince:u}, does not have all that was received since. What is in that "
                            + $"backup can be restored: {{\"backupId\":\"{backup.Id}\"}}.",
                ];
            }
        }

        return obstacles.Count > 0
            ? new RestoreAssessment(null, obstacles)
            : new RestoreAssessment(
                new RestorePlan(
                    tenantId,
                    isWithJournal ? to : backup!.FinishedAt!.Value,
                    backup,
                    isWithJournal ? await MeasureJournalAsync(tenantId, to, cancellationToken) : null),
                obstacles);
    }

    // The counterpart of what JournalRetention removes.
    private DateTimeOffset CompleteSince(List<Backup> finished, Tenant tenant, DateTimeOffset now)
    {
        var kept = now - settings.Backups.JournalRetention;
        var needed = finished is [var newest, ..] ? newest.StartedAt - JournalRetention.LongestWait : tenant.CreatedAt;
        return needed < kept ? needed : kept;
    }

    private async Task<JournalShare> MeasureJournalAsync(
        Guid tenantId, DateTimeOffset to, CancellationToken cancellationToken)
    {
        await using var connection = await control.OpenAsync(cancellationToken);
        return (await connection.Sql(
            """
            SELECT count(*), coalesce(sum(points), 0)::bigint FROM journal_entries
            WHERE tenant_id = $1 AND first_received <= $2
            """,
            tenantId, to).FirstAsync(
            row => new JournalShare(row.GetInt64(0), row.GetInt64(1)), cancellationToken))!;
    }
}
