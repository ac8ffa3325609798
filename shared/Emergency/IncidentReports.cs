using System.Globalization;
using System.Text.Json;
using WebHost.Configuration;
using WebHost.Json;
using WebHost.Monitoring;
using WebHost.Operations;
using WebHost.Placement;
using WebHost.Plans;
using WebHost.Quotas;
using WebHost.Tenants;

namespace WebHost.Emergency;

/// <summary>Composes the report of a failover from what was written down while it happened.</summary>
public sealed class IncidentReports(
    FailoverStore failovers,
    OperationStore operations,
    TenantStore tenants,
    PlacementStore placements,
    ServerStore servers,
    StorageKeeper storage,
    AlertStore alerts,
    DatabaseHealthStore health,
    Settings settings,
    TimeProvider time)
{
    // What was wrong shortly before may be why.
    private static readonly TimeSpan Before = TimeSpan.FromHours(1);

    // Of a step that took less, its end tells enough.
    private static readonly TimeSpan Long = TimeSpan.FromSeconds(5);

    /// <summary>The report as of now; the one that was written at the end, when the failover is over.</summary>
    /// <exception cref="InvalidOperationException">The operation is no failover.</exception>
    public async Task<IncidentReport> ComposeAsync(Guid operationId, CancellationToken cancellationToken)
    {
        var failover = await failovers.GetAsync(operationId, cancellationToken);
        if (Fact<IncidentReport>(failover, FailoverFacts.Report) is { } written)
        {
            return written;
        }

        var tenant = await tenants.GetAsync(failover.TenantId, cancellationToken);
        var source = await placements.GetHomeAsync(failover.TenantId, failover.SourceHome, cancellationToken);
        var target = await placements.GetHomeAsync(failover.TenantId, failover.TargetHome, cancellationToken);
        var homes = await failovers.ListHomesAsync(operationId, cancellationToken);
        var operation = (await operations.FindAsync(operationId, cancellationToken))!;
        var (from, to) = (failover.CreatedAt - Before, failover.EndedAt ?? time.GetUtcNow());
        var raised = await alerts.ListAboutAsync(Subjects(failover, source), from, to, cancellationToken);
        var phases = await health.HistoryAsync(failover.SourceDatabase, from, to, cancellationToken);
        var restored = Fact<RestoredHistory>(failover, FailoverFacts.Restored);
        var verified = Fact<VerifiedHistory>(failover, FailoverFacts.Verified);
        var seen = phases.Where(phase => phase.State != DatabaseState.Answering).Select(phase => (DateTimeOffset?)phase.Since)
            .Where(at => at <= failover.CreatedAt).Min();
        var times = new IncidentTimes(
            seen, failover.CreatedAt, failover.SwitchedAt, failover.RestoredAt, failover.EndedAt);
        var lost = FindLost(restored, verified, homes, failover);
        return new IncidentReport
        {
            OperationId = operationId,
            TenantId = failover.TenantId,
            Company = tenant.Company,
            IsFinal = failover.State == FailoverState.Done,
            WrittenAt = time.GetUtcNow(),
            Summary = Summarize(failover.State, source, target, times, restored, verified, lost),
            Cause = FindCause(failover, phases),
            Times = times,
            Timeline = [.. Tell(failover, operation, raised, phases, homes).OrderBy(happened => happened.At)],
            Restored = restored,
            Verified = verified,
            Lost = lost,
            Homes =
            [
                .. homes.Select(home => new IncidentHome(
                    home.Home, NameOf(home.Provider), home.Outcome, home.OutcomeAt, home.Report)),
            ],
            Limits = await FindLimitsAsync(tenant, target, restored, cancellationToken),
        };
    }

    private static T? Fact<T>(Failover failover, string name)
        where T : class =>
        failover.Facts.TryGetProperty(name, out var fact) ? fact.Deserialize<T>(JsonText.Options) : null;

    private static string[] Subjects(Failover failover, TenantPlacement source) =>
    [
        failover.TenantId.ToString(),
        failover.OperationId.ToString(),
        .. source.ServerId is { } server ? [server.ToString()] : Array.Empty<string>(),
        failover.SourceDatabase.ToString(),
    ];

    private static string Summarize(
        FailoverState state,
        TenantPlacement source,
        TenantPlacement target,
        IncidentTimes times,
        RestoredHistory? restored,
        VerifiedHistory? verified,
        IReadOnlyList<string> lost)
    {
        if (state is FailoverState.Undoing or FailoverState.Undone)
        {
            return "The failover was given up before anything had changed: the tenant is where it was.";
        }

        var told = new List<string> { $"The home of the tenant at {NameOf(source.Provider)}, {source.Region}, was lost." };
        told.Add(times.SecondsToIngest is { } ingest
            ? $"A new one at {NameOf(target.Provider)}, {target.Region}, took points {Span(ingest)} after the failover was asked for; what devices sent in between had been accepted and waited."
            : "What devices send is accepted and waits for the new home, which is being made.");
        if (state == FailoverState.Superseded)
        {
            told.Add("Another failover has taken the place of this one; its report tells the rest.");
        }

        if (restored is not null)
        {
            told.Add(restored.BackupId is null
                ? "There was no backup; the history was brought back from the journal of accepted points."
                : $"The history was brought back from the backup of {restored.BackupFinishedAt:u} and the journal of accepted points.");
        }

        if (verified is not null)
        {
            told.Add(string.Create(
                CultureInfo.InvariantCulture,
                $"It was whole and verified {Span(times.SecondsToFullHistory ?? 0)} after the failover was asked for: all {verified.Points:N0} points of the journal are there, once each."));
        }

        told.Add(lost.Count == 0
            ? verified is null ? "Nothing is known to be lost." : "Nothing was lost."
            : "What is lost, or may be, is listed below.");
        return string.Join(' ', told);
    }

    private static List<string> FindCause(Failover failover, IEnumerable<DatabasePhase> phases)
    {
        var cause = new List<string>();
        if (phases.LastOrDefault(phase => phase.State != DatabaseState.Answering && phase.Since <= failover.CreatedAt) is { } seen)
        {
            cause.Add($"The home's database was {WireName.Of(seen.State)} from {seen.Since:u} on. {seen.Reason}");
        }

        cause.Add($"The failover was asked for with the reason: {failover.Reason}");
        if (Fact<HomeCondition>(failover, FailoverFacts.Found) is { } found)
        {
            cause.Add($"When it was asked for, the home was {Describe(found.Presence)}. {found.Detail}");
        }

        if (Fact<HomeCondition>(failover, FailoverFacts.LostHome) is { } later)
        {
            cause.Add(later == Fact<HomeCondition>(failover, FailoverFacts.Found)
                ? "At the switch it was still so."
                : $"At the switch it was {Describe(later.Presence)}. {later.Detail}");
        }

        if (Fact<string>(failover, FailoverFacts.Vendor) is { } vendor)
        {
            cause.Add(vendor);
        }

        return cause;
    }

    private static List<string> FindLost(
        RestoredHistory? restored, VerifiedHistory? verified, IReadOnlyList<HomeLeft> homes, Failover failover)
    {
        var lost = new List<string>();
        if (restored is null)
        {
            return lost;
        }

        lost.AddRange(restored.Replaced.Where(part => part.TakenFrom is null).Select(part => string.Create(
            CultureInfo.InvariantCulture,
            $"{(part.Day is { } day ? $"Table {part.Table} of {day:yyyy-MM-dd}" : "Vehicles, devices and geofences")}: no backup has it whole ({part.Fault}) What the journal has of it is there.")));
        var faults = (verified?.FaultCount ?? restored.FaultCount, verified?.Faults ?? restored.Faults);
        if (faults.Item1 > 0)
        {
            lost.Add($"Of the journal, {faults.Item1} parts could not be used: {string.Join(' ', faults.Item2)}");
        }

        var open = homes.Where(home => home.Served).ToList();
        if (open.Count > 0 && open.All(home => home.Outcome == HomeOutcome.Reconciled))
        {
            return lost;
        }

        var since = restored.BackupFinishedAt is { } finished ? $"after the backup of {finished:u}" : "ever, since there was no backup";
        var until = failover.SwitchedAt is { } switched ? $" and before {switched:u}" : "";
        lost.Add(open.Any(home => home.Outcome == HomeOutcome.Awaited)
            ? $"Vehicles, geofences and assignments of devices that were changed {since}{until} are on the lost home only; they are fetched when it answers again."
            : $"Vehicles, geofences and assignments of devices that were changed {since}{until} were on the lost home only. Points are not concerned.");
        return lost;
    }

    private static IEnumerable<IncidentEvent> Tell(
        Failover failover,
        Operation operation,
        IEnumerable<Alert> raised,
        IEnumerable<DatabasePhase> phases,
        IEnumerable<HomeLeft> homes)
    {
        foreach (var phase in phases)
        {
            yield return new(phase.Since, "health", $"The lost home's database is {WireName.Of(phase.State)}. {phase.Reason}");
        }

        yield return new(failover.CreatedAt, "operation", $"Failover accepted: {failover.Reason}");
        foreach (var alert in raised)
        {
            // What an operator is to do is nobody else's matter.
            yield return new(alert.RaisedAt, "alert", $"{alert.Kind}: {FirstSentence(alert.Message)}");
            if (alert.ResolvedAt is { } resolved)
            {
                yield return new(resolved, "alert", $"{alert.Kind}: over.");
            }
        }

        foreach (var step in operation.Steps.SelectMany(step => step.Parts ?? [step]))
        {
            if (step.StartedAt is { } started && (step.FinishedAt is null || step.FinishedAt - started > Long))
            {
                yield return new(started, "operation", $"{step.Title}: begun.");
            }

            if (step.FinishedAt is { } finished)
            {
                var attempts = step.Attempts > 1 ? $" ({step.Attempts} attempts)" : "";
                yield return new(finished, "operation", $"{step.Title}: {WireName.Of(step.State)}{attempts}. {step.Detail}");
            }
        }

        foreach (var home in homes)
        {
            if (home is { OutcomeAt: { } at, Served: true })
            {
                yield return new(at, "operation", $"Lost home {home.Home}: {WireName.Of(home.Outcome)}.");
            }
        }
    }

    private async Task<IReadOnlyList<IncidentLimit>> FindLimitsAsync(
        Tenant tenant, TenantPlacement target, RestoredHistory? restored, CancellationToken cancellationToken)
    {
        var limits = new List<IncidentLimit>();
        if (target.ServerId is { } id && await servers.FindAsync(id, cancellationToken) is { } server)
        {
            limits.Add(new IncidentLimit($"Slots of server {server.Name}", server.Tenants, server.Capacity, "tenants"));
        }

        var all = await servers.ListAsync(cancellationToken);
        limits.Add(new IncidentLimit(
            "Slots of all servers that take tenants",
            all.Where(one => one.State == ServerState.Accepting).Sum(one => one.Tenants),
            all.Where(one => one.State == ServerState.Accepting).Sum(one => one.Capacity),
            "tenants"));
        if (await storage.FindAsync(tenant.Id, cancellationToken) is { } stored)
        {
            var quota = StorageQuota.Of(PlanCatalog.Standard.Get(tenant.Plan).Limits);
            limits.Add(new IncidentLimit("Points stored", stored.Points, quota.Points, "points"));
            limits.Add(new IncidentLimit("Storage", stored.Bytes / 1e6, quota.Bytes / 1e6, "MB"));
        }

        if (restored?.BackupFinishedAt is { } finished)
        {
            limits.Add(new IncidentLimit(
                "Age of the newest backup, against what the journal keeps",
                (time.GetUtcNow() - finished).TotalHours,
                settings.Backups.JournalRetention.TotalHours,
                "hours"));
        }

        return limits;
    }

    private static string FirstSentence(string text) =>
        text.IndexOf(". ", StringComparison.Ordinal) is >= 0 and var end ? text[..(end + 1)] : text;

    private static string NameOf(HostingProvider provider) => provider == HostingProvider.Fly ? "Fly.io" : "Hetzner";

    private static string Describe(HomePresence presence) => presence switch
    {
        HomePresence.Serving => "answering and taking writes",
        HomePresence.Present => "answering without taking writes",
        HomePresence.Gone => "gone",
        _ => "silent",
    };

    private static string Span(double seconds) => seconds < 120
        ? string.Create(CultureInfo.InvariantCulture, $"{seconds:0.0} s")
        : string.Create(CultureInfo.InvariantCulture, $"{seconds / 60:0.0} min");
}
