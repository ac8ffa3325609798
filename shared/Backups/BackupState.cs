using WebHost.States;

namespace WebHost.Backups;

/// <summary>How far a backup is.</summary>
public enum BackupState
{
    /// <summary>Being made.</summary>
    Running,

    /// <summary>It can be restored.</summary>
    Finished,

    /// <summary>Given up; its operation says why.</summary>
    Failed,

    /// <summary>Not kept any longer; its files go as soon as no other backup refers to them.</summary>
    Expired,
}

/// <summary>Which states of a backup follow which.</summary>
public static class BackupLifecycle
{
    /// <summary>All transitions.</summary>
    public static StateTable<BackupState> Table { get; } = new(
        "backup",
        (BackupState.Running, BackupState.Finished),
        (BackupState.Running, BackupState.Failed),
        (BackupState.Finished, BackupState.Expired),
        (BackupState.Failed, BackupState.Expired));
}
