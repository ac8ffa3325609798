namespace WebHost.Migration;

/// <summary>Why a tenant changes homes.</summary>
public enum MoveKind
{
    /// <summary>To a dearer plan.</summary>
    Upgrade,

    /// <summary>To a cheaper plan.</summary>
    Downgrade,

    /// <summary>To another region or server on the plan that it has.</summary>
    Relocate,
}
