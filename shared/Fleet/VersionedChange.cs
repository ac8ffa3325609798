namespace WebHost.Fleet;

/// <summary>What came of putting a row that carries a version.</summary>
public enum VersionedChange
{
    /// <summary>It is new.</summary>
    Created,

    /// <summary>It was there and is changed.</summary>
    Updated,

    /// <summary>It was changed by somebody else since the caller saw it, or is not there.</summary>
    Outdated,

    /// <summary>The tenant may have no further one.</summary>
    OverLimit,
}
