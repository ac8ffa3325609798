namespace WebHost.Configuration;

/// <summary>How tenants move from one home to another.</summary>
public sealed record MigrationSettings
{
    /// <summary>Migrations__SlotReservation: for how long a slot is reserved for a tenant that is to move; 1 day when absent.</summary>
    public TimeSpan SlotReservation { get; init; } = TimeSpan.FromDays(1);

    /// <summary>
    /// Migrations__KeepSource: for how long a tenant that has moved can be taken back without losing anything, unless the move
    /// is committed earlier; 7 days when absent.
    /// </summary>
    public TimeSpan KeepSource { get; init; } = TimeSpan.FromDays(7);

    /// <summary>
    /// Migrations__RetryWindow: for how long a move whose step has failed waits for an operator's retry before everything is
    /// taken back; 1 hour when absent.
    /// </summary>
    public TimeSpan RetryWindow { get; init; } = TimeSpan.FromHours(1);

    /// <summary>Migrations__StepDeadline: no attempt at a step of a move takes longer; 6 hours when absent.</summary>
    public TimeSpan StepDeadline { get; init; } = TimeSpan.FromHours(6);

    /// <summary>Migrations__LongestPause: after which a tenant whose switch is not done takes writes at the source again; 10 s when absent.</summary>
    public TimeSpan LongestPause { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Migrations__AtOnce: tenants that are copied out of one database at the same time; 4 when absent.</summary>
    public int AtOnce { get; init; } = 4;

    internal static MigrationSettings Read(SettingsReader reader)
    {
        var absent = new MigrationSettings();
        return new MigrationSettings
        {
            SlotReservation = reader.Duration("Migrations__SlotReservation", absent.SlotReservation),
            KeepSource = reader.Duration("Migrations__KeepSource", absent.KeepSource),
            RetryWindow = reader.Duration("Migrations__RetryWindow", absent.RetryWindow),
            StepDeadline = reader.Duration("Migrations__StepDeadline", absent.StepDeadline),
            LongestPause = reader.Duration("Migrations__LongestPause", absent.LongestPause),
            AtOnce = reader.Number("Migrations__AtOnce", absent.AtOnce, 1, 100),
        };
    }
}
