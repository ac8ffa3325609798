using WebHost.Migration;

namespace WebHost.Tests.Migration.Model;

/// <summary>One of the two homes of the tenant that crosses.</summary>
internal enum Home
{
    Source,
    Target,
}

/// <summary>What the protocol consists of, so that a model can leave a part out.</summary>
[Flags]
internal enum Parts
{
    None = 0,

    /// <summary>Writes end before the last round.</summary>
    Fence = 1,

    /// <summary>Only the attempt that holds the fence hands over, or lifts it.</summary>
    Token = 2,

    /// <summary>A round commits only when what is read back is what was sent.</summary>
    Verification = 4,

    /// <summary>Rows are brought only where the tenant is away, by one round at a time.</summary>
    Lock = 8,

    /// <summary>The placement changes only from the epoch from which the crossing began.</summary>
    CompareAndSet = 16,

    All = Fence | Token | Verification | Lock | CompareAndSet,
}

/// <summary>
/// A tenant's rows: those that only grow, one bit each, and one that is written over, by the number of its last write.
/// </summary>
internal readonly record struct Rows(int Points, int Register)
{
    public Rows With(int write) => new(Points | (1 << write), write);
}

/// <summary>One database: its row of the tenant, and the tenant's rows.</summary>
/// <param name="Epoch">At which it serves the tenant, did, or would.</param>
/// <param name="Writable">Whether it takes writes.</param>
/// <param name="Away">Whether the tenant is expected or has left.</param>
/// <param name="Fence">Token of the attempt that closed the fence; 0 when it is open.</param>
/// <param name="Mark">Which points of the other database have arrived; null when that is not known.</param>
/// <param name="Holder">Token of the attempt whose round holds the tenant's row; 0 when none does.</param>
/// <param name="Rows">The tenant's rows.</param>
internal readonly record struct Database(
    int Epoch, bool Writable, bool Away, int Fence, int? Mark, int Holder, Rows Rows);

/// <summary>Where the tenant is served, as routing knows.</summary>
internal readonly record struct Placement(int Epoch, Home Home);

/// <summary>A caller with one write.</summary>
/// <param name="At">How far it is.</param>
/// <param name="Route">The placement that it knows, however old.</param>
internal readonly record struct Writer(WriterStep At, Placement Route);

internal enum WriterStep
{
    Unrouted,
    Routed,
    Open,
    Done,
}

/// <summary>One attempt to cross.</summary>
/// <param name="At">What it does next.</param>
/// <param name="Carried">What its round has read and not written yet.</param>
/// <param name="Moment">The target's points when it was about to take over.</param>
/// <param name="Tries">How often it was begun anew.</param>
internal readonly record struct Ferry(FerryStep At, Rows Carried, int Moment, int Tries);

internal enum FerryStep
{
    Idle,
    Catching,
    Caught,
    Looking,
    Fencing,
    Draining,
    Drained,
    HandingOver,
    Releasing,
    Marking,
    Marked,
    TakingOver,
    Placing,
    Returning,
    Finishing,
    Failed,
    Over,
}

/// <summary>How far whoever gives the move up is.</summary>
internal enum GivingUp
{
    No,
    Kept,
    Asked,
    GoingBack,
    Returning,
    Serving,
    Ending,
    Done,
}

/// <summary>Everything at one moment.</summary>
internal readonly record struct World(
    Database Source,
    Database Target,
    Placement Placement,
    Placement Before,
    Placement BeforeThat,
    Rows Accepted,
    Writer First,
    Writer Second,
    Ferry Attempt,
    Ferry Again,
    Ferry Back,
    GivingUp GivingUp,
    MoveState Move)
{
    /// <summary>Nobody has begun anything; the target has what was imported.</summary>
    public static World Start { get; } = new(
        new Database(1, Writable: true, Away: false, 0, null, 0, new Rows(0, -1)),
        new Database(2, Writable: false, Away: true, 0, 0, 0, new Rows(0, -1)),
        new Placement(1, Home.Source),
        default,
        default,
        new Rows(0, -1),
        default,
        default,
        default,
        default,
        default,
        GivingUp.No,
        MoveState.Switching);

    public Database this[Home home] => home == Home.Source ? Source : Target;

    public World With(Home home, Database database) =>
        home == Home.Source ? this with { Source = database } : this with { Target = database };

    public World Named(Placement placement) =>
        placement == Placement ? this : this with { Placement = placement, Before = Placement, BeforeThat = Before };

    public bool HasNamed(Home home) =>
        new Placement(this[home].Epoch, home) is var served
        && (served == Placement || served == Before || served == BeforeThat);
}
