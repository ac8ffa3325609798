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

    /// <summary>A move that is committed has its target serve at a newer epoch, where no attempt to go back reaches it.</summary>
    Stay = 32,

    All = Fence | Token | Verification | Lock | CompareAndSet | Stay,
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
/// <param name="Epoch">The epoch from which it crosses.</param>
/// <param name="Carried">What its round has read and not written yet.</param>
/// <param name="Moment">The target's points when it was about to take over.</param>
/// <param name="Tries">How often it was begun anew.</param>
internal readonly record struct Ferry(FerryStep At, int Epoch, Rows Carried, int Moment, int Tries);

internal enum FerryStep
{
    Idle,
    Deciding,
    Serving,
    Reclaiming,
    Expecting,
    Keeping,
    Kept,
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
    int Routes,
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
    public static World BeforeTheSwitch { get; } = Begin(
        new Database(1, Writable: true, Away: false, 0, null, 0, NoRows),
        new Database(2, Writable: false, Away: true, 0, 0, 0, NoRows),
        new Placement(1, Home.Source)) with
    { Move = MoveState.Switching };

    /// <summary>The target serves, and is left again; one who writes knows the source's route still.</summary>
    public static World BehindTheSwitch { get; } = Begin(
        new Database(2, Writable: false, Away: true, 0, 0, 0, NoRows),
        new Database(2, Writable: true, Away: false, 0, null, 0, NoRows),
        new Placement(1, Home.Source)).Named(new Placement(2, Home.Target)) with
    { Move = MoveState.GoingBack, First = new Writer(WriterStep.Routed, new Placement(1, Home.Source)) };

    public Database this[Home home] => home == Home.Source ? Source : Target;

    public World With(Home home, Database database) =>
        home == Home.Source ? this with { Source = database } : this with { Target = database };

    public World Named(Placement placement) => this with { Placement = placement, Routes = Routes | BitOf(placement) };

    /// <summary>Whether anybody was ever led to a home at the epoch at which it is.</summary>
    public bool HasNamed(Home home) => (Routes & BitOf(new Placement(this[home].Epoch, home))) != 0;

    private static Rows NoRows => new(0, -1);

    private static World Begin(Database source, Database target, Placement placement) => (default(World) with
    {
        Source = source,
        Target = target,
        Accepted = NoRows,
    }).Named(placement);

    private static int BitOf(Placement placement) => 1 << ((2 * placement.Epoch) + (int)placement.Home);
}
