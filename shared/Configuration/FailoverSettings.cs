namespace WebHost.Configuration;

/// <summary>How tenants are brought back whose home is lost.</summary>
public sealed record FailoverSettings
{
    /// <summary>Failovers__SwitchesAtOnce: tenants of a lost server that get a new home at the same time; 8 when absent.</summary>
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

    internal static FailoverSettings Read(SettingsReader reader)
    {
        var absent = new FailoverSettings();
        return new FailoverSettings
        {
            SwitchesAtOnce = reader.Number("Failovers__SwitchesAtOnce", absent.SwitchesAtOnce, 1, 100),
            RestoresAtOnce = reader.Number("Failovers__RestoresAtOnce", absent.RestoresAtOnce, 1, 100),
            SettleFor = reader.Duration("Failovers__SettleFor", absent.SettleFor),
            AwaitSource = reader.Duration("Failovers__AwaitSource", absent.AwaitSource),
        };
    }
}
