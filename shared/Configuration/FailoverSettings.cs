using WebHost.Json;
using WebHost.Plans;

namespace WebHost.Configuration;

/// <summary>How tenants are brought back whose home is lost.</summary>
public sealed record FailoverSettings
{
    /// <summary>
    /// Failovers__SwitchesAtOnce: tenants of a lost server that get a new home at the same time; 8 when absent.
    /// </summary>
    public int SwitchesAtOnce { get; init; } = 8;

    /// <summary>Failovers__RestoresAtOnce: tenants whose history is restored at the same time; 4 when absent.</summary>
    public int RestoresAtOnce { get; init; } = 4;

    /// <summary>
    /// Failovers__SettleFor: after which nobody writes to the old home any more, not even an instance that has not noticed the
    /// switch; the journal is read once more then. 30 s when absent.
    /// </summary>
    public TimeSpan SettleFor { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>
    /// Failovers__AwaitSource: for how long a lost home is waited for, so that what only it has can be fetched, unless an
    /// operator gives it up earlier; 7 days when absent.
    /// </summary>
    public TimeSpan AwaitSource { get; init; } = TimeSpan.FromDays(7);

    /// <summary>
    /// Failovers__ProposeAfter: for how long a database must not have answered before a failover is proposed; 1 minute when
    /// absent.
    /// </summary>
    public TimeSpan ProposeAfter { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>
    /// Failovers__Unattended: plans whose tenants are failed over without asking an operator, separated by commas; hobby
    /// stands for every shared server. None when absent.
    /// </summary>
    public IReadOnlyList<PlanId> Unattended { get; init; } = [];

    private const StringSplitOptions Separators = StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries;

    internal static FailoverSettings Read(SettingsReader reader)
    {
        var absent = new FailoverSettings();
        return new FailoverSettings
        {
            SwitchesAtOnce = reader.Number("Failovers__SwitchesAtOnce", absent.SwitchesAtOnce, 1, 100),
            RestoresAtOnce = reader.Number("Failovers__RestoresAtOnce", absent.RestoresAtOnce, 1, 100),
            SettleFor = reader.Duration("Failovers__SettleFor", absent.SettleFor),
            AwaitSource = reader.Duration("Failovers__AwaitSource", absent.AwaitSource),
            ProposeAfter = reader.Duration("Failovers__ProposeAfter", absent.ProposeAfter),
            Unattended = reader.OptionalText("Failovers__Unattended") is null
                ? []
                : reader.Parsed<IReadOnlyList<PlanId>>(
                    "Failovers__Unattended", plans => [.. plans.Split(',', Separators).Select(WireName.Parse<PlanId>)]),
        };
    }
}
