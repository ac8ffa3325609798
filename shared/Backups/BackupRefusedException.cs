namespace WebHost.Backups;

/// <summary>A tenant cannot be backed up for the moment, or a backup not be restored.</summary>
public sealed class BackupRefusedException(string message) : Exception(message);
