using WebHost.Migration;

namespace WebHost.Tests.Migration.Model;

/// <summary>
/// What everybody who takes part in a cutover can do next: Cutover, Fence, CatchUp and GoBack in small, each step one transaction
/// at one database. Two callers write, each once. Every copy can go wrong, and somebody lifts any fence at any moment.
///
/// Before the switch, the forward crossing is attempted twice, at the same time or one after the other, the second time without
/// the round that goes before the fence, and somebody gives the move up. Both attempts, and the first one back, can die anywhere,
/// or be overtaken while they sleep.
///
/// Behind the switch, the tenant is taken back twice in the same way. The first attempt can die or sleep, the second is made until
/// it has come to an end; and somebody commits the move after all, after which the source is removed.
/// </summary>
/// <param name="parts">What the protocol consists of.</param>
/// <param name="start">From where it begins.</param>
internal sealed class Protocol(Parts parts, World start)
{
    private static readonly Crossing Forward = new(Home.Source, Home.Target);
    private static readonly Crossing Backward = new(Home.Target, Home.Source);

    /// <summary>The sentence for a tenant of whom nobody has mercy.</summary>
    public const string NoWrites = "a tenant takes no writes for ever";

    // What is asked of a home that is no more is refused.
    private static readonly Database Gone = new(int.MaxValue, Writable: false, Away: false, 0, null, 0, default);

    private bool IsBehindTheSwitch => start.Placement.Home == Home.Target;

    /// <summary>Where it begins.</summary>
    public World Start => start;

    /// <summary>Every step that can be next.</summary>
    public IEnumerable<(string Step, World Next)> StepsFrom(World world)
    {
        var way = IsBehindTheSwitch ? Backward : Forward;
        return Writes(world, world.First, 0, (next, writer) => next with { First = writer })
            .Concat(Writes(world, world.Second, 1, (next, writer) => next with { Second = writer }))
            .Concat(Crosses("first", world, world.Attempt, 1, way, (next, ferry) => next with { Attempt = ferry }))
            .Concat(Crosses("second", world, world.Again, 2, way, (next, ferry) => next with { Again = ferry }))
            .Concat(IsBehindTheSwitch ? Commits(world) : Crosses(
                "back", world, world.Back, 3 + world.Back.Tries, Backward, (next, ferry) => next with { Back = ferry }))
            .Concat(IsBehindTheSwitch ? [] : GivesUpMove(world))
            .Concat(Lifts(world));
    }

    /// <summary>What must never be: the sentence that is broken, or null.</summary>
    public string? FaultOf(World world)
    {
        var serving = world[world.Placement.Home].Rows;
        return (serving.Points & world.Accepted.Points) != world.Accepted.Points ? "an accepted write is lost"
            : serving.Register != world.Accepted.Register ? "an accepted write was written over with an older one"
            : world is { Source.Writable: true, Target.Writable: true }
                && world.HasNamed(Home.Source) && world.HasNamed(Home.Target)
                ? "two databases take writes"
            : !IsBehindTheSwitch
                && world is { Attempt.At: FerryStep.Failed, Again.At: FerryStep.Failed, Placement.Home: Home.Target }
                ? "a crossing that failed before handing over moved the tenant"
            : world is { Move: MoveState.CleaningUp or MoveState.Committed, Placement.Home: Home.Source }
                ? "a move that was committed went back"
            : null;
    }

    /// <summary>What must not be when nothing can happen any more.</summary>
    public static string? FaultOfEnd(World world) =>
        world is { First.At: WriterStep.Done, Second.At: WriterStep.Done } ? null : NoWrites;

    private static IEnumerable<(string, World)> Writes(
        World world, Writer writer, int write, Func<World, Writer, World> with)
    {
        var home = writer.Route.Home;
        var database = world[home];
        switch (writer.At)
        {
            case WriterStep.Unrouted when write == 0 || world.First.At != WriterStep.Unrouted:
            case WriterStep.Routed when writer.Route != world.Placement:
                yield return ($"write {write} is routed", with(world, new Writer(WriterStep.Routed, world.Placement)));
                break;
        }

        switch (writer.At)
        {
            case WriterStep.Routed when database.Writable && database.Epoch == writer.Route.Epoch:
                yield return ($"write {write} is let in at the {home}", with(world, writer with { At = WriterStep.Open }));
                break;
            case WriterStep.Open:
                yield return (
                    $"write {write} is accepted",
                    with(
                        world.With(home, database with { Rows = database.Rows.With(write) })
                            with
                        { Accepted = world.Accepted.With(write) },
                        new Writer(WriterStep.Done, default)));
                break;
        }
    }

    private IEnumerable<(string, World)> Crosses(
        string name, World world, Ferry ferry, int token, Crossing crossing, Func<World, Ferry, World> with)
    {
        var (left, to, epoch) = (world[crossing.From], world[crossing.To], ferry.Epoch);
        var insists = IsBehindTheSwitch ? token == 2 : ferry.Tries > 0;
        World At(World next, FerryStep step) => with(
            next,
            step is FerryStep.Failed or FerryStep.Over or FerryStep.Kept
                ? new Ferry { At = step, Tries = ferry.Tries }
                : ferry with { At = step, Carried = default, Moment = 0 });
        World From(Database database, FerryStep step) => At(world.With(crossing.From, database), step);
        World To(Database database, FerryStep step) => At(world.With(crossing.To, database), step);

        switch (ferry.At)
        {
            case FerryStep.Idle when crossing == Forward && world.GivingUp == GivingUp.No:
                yield return (
                    $"{name} begins",
                    with(world, ferry with { At = token == 2 ? FerryStep.Looking : FerryStep.Catching, Epoch = start.Placement.Epoch }));
                yield break;
            case FerryStep.Idle when crossing == Backward && (IsBehindTheSwitch || world.GivingUp == GivingUp.GoingBack):
                yield return (
                    $"{name} begins",
                    with(
                        world,
                        world.Placement.Home == crossing.From
                            ? ferry with { At = FerryStep.Deciding, Epoch = world.Placement.Epoch }
                            : ferry with { At = FerryStep.Over }));
                yield break;
            case FerryStep.Failed when IsBehindTheSwitch && insists:
                yield return ($"{name} is tried again", with(world, default));
                yield break;
            case FerryStep.Idle or FerryStep.Failed or FerryStep.Over or FerryStep.Kept:
                yield break;
            case FerryStep.Deciding:
                yield return (
                    $"{name} looks whether the move was committed",
                    At(world, world.Move == MoveState.CleaningUp ? FerryStep.Keeping : FerryStep.Serving));
                break;
            case FerryStep.Serving:
                yield return (
                    $"{name} looks who serves",
                    At(
                        world,
                        !left.Away ? FerryStep.Expecting
                        : left.Epoch > epoch ? FerryStep.Marking
                        : FerryStep.Reclaiming));
                break;
            case FerryStep.Reclaiming when left.Holder == 0:
                yield return TakeOver(left, epoch) is { } serves
                    ? ($"{name} has the {crossing.From} serve", From(serves, FerryStep.Expecting))
                    : ($"{name} finds that the tenant has gone on", At(world, FerryStep.Failed));
                break;
            case FerryStep.Expecting when to.Away:
                yield return ($"{name} finds the tenant expected", At(world, FerryStep.Catching));
                break;
            case FerryStep.Expecting when to.Epoch >= epoch:
                yield return ($"{name} finds the {crossing.To} serving", At(world, FerryStep.Failed));
                break;
            case FerryStep.Expecting when to.Holder == 0 && !HasOpenWrite(world, crossing.To):
                yield return (
                    $"{name} has the tenant expected again",
                    To(to with { Epoch = to.Epoch + 1, Writable = false, Away = true, Fence = token }, FerryStep.Catching));
                break;
            case FerryStep.Keeping when !parts.HasFlag(Parts.Stay) && !left.Away:
                yield return ($"{name} finds the {crossing.From} serving", At(world, FerryStep.Kept));
                break;
            case FerryStep.Keeping when left.Holder == 0 && !HasOpenWrite(world, crossing.From):
                yield return Keep(left, world.Placement.Epoch) is { } kept
                    ? ($"{name} has the {crossing.From} serve for good", From(kept, FerryStep.Kept))
                    : ($"{name} cannot have the {crossing.From} serve", At(world, FerryStep.Failed));
                break;
            case FerryStep.Catching or FerryStep.Draining:
                var late = ferry.At == FerryStep.Draining;
                if (parts.HasFlag(Parts.Lock) && (!to.Away || to.Mark is null))
                {
                    yield return ($"{name} may bring no rows", At(world, late ? FerryStep.Releasing : FerryStep.Failed));
                }
                else if (!parts.HasFlag(Parts.Lock) || to.Holder == 0)
                {
                    yield return (
                        $"{name} reads the {crossing.From}",
                        with(
                            world.With(crossing.To, to with { Holder = parts.HasFlag(Parts.Lock) ? token : 0 }),
                            ferry with { At = late ? FerryStep.Drained : FerryStep.Caught, Carried = left.Rows }));
                }

                break;
            case FerryStep.Caught or FerryStep.Drained:
                var last = ferry.At == FerryStep.Drained;
                var fresh = ferry.Carried.Points & ~(to.Mark ?? 0);
                var arrived = to with { Holder = 0, Mark = ferry.Carried.Points };
                yield return (
                    $"{name} writes what it read",
                    To(
                        arrived with { Rows = new Rows(to.Rows.Points | fresh, ferry.Carried.Register) },
                        last ? FerryStep.HandingOver : FerryStep.Looking));
                if (insists)
                {
                    break;
                }

                yield return parts.HasFlag(Parts.Verification)
                    ? ($"{name} finds that its copy went wrong",
                        To(to with { Holder = 0 }, last ? FerryStep.Releasing : FerryStep.Failed))
                    : ($"{name} copies wrongly", To(arrived, last ? FerryStep.HandingOver : FerryStep.Looking));
                break;
            case FerryStep.Looking:
                yield return (
                    $"{name} looks where the tenant is",
                    At(
                        world,
                        world.Placement.Epoch != epoch ? FerryStep.Finishing
                        : !left.Away ? FerryStep.Fencing
                        : left.Epoch == epoch + 1 ? FerryStep.Marking
                        : FerryStep.Failed));
                break;
            case FerryStep.Fencing when left.Away || left.Epoch != epoch:
                yield return ($"{name} may not fence", At(world, FerryStep.Failed));
                break;
            case FerryStep.Fencing when !parts.HasFlag(Parts.Fence):
                yield return ($"{name} does not fence", At(world, FerryStep.Draining));
                break;
            case FerryStep.Fencing when left.Holder == 0 && !HasOpenWrite(world, crossing.From):
                yield return ($"{name} fences", From(left with { Writable = false, Fence = token }, FerryStep.Draining));
                break;
            case FerryStep.HandingOver when left.Holder == 0:
                var fenced = (!left.Writable || !parts.HasFlag(Parts.Fence)) && IsHeldBy(left, token)
                    && left.Epoch == (left.Away ? epoch + 1 : epoch);
                yield return fenced
                    ? ($"{name} hands over",
                        From(
                            left with
                            {
                                Epoch = epoch + 1,
                                Writable = false,
                                Away = true,
                                Mark = left.Away ? left.Mark : null,
                            },
                            FerryStep.Marking))
                    : ($"{name} may not hand over", At(world, FerryStep.Releasing));
                break;
            case FerryStep.Releasing:
                yield return (
                    $"{name} lifts its fence",
                    left.Epoch == epoch && !left.Away && (left.Writable || IsHeldBy(left, token))
                        ? From(left with { Writable = true, Fence = 0 }, FerryStep.Failed)
                        : At(world, FerryStep.Failed));
                break;
            case FerryStep.Marking:
                yield return (
                    $"{name} notes the {crossing.To}'s moment",
                    with(world, ferry with { At = FerryStep.Marked, Moment = to.Rows.Points }));
                if (!insists)
                {
                    yield return ($"{name} cannot reach the {crossing.To}", At(world, FerryStep.Returning));
                }

                break;
            case FerryStep.Marked when left.Away && left.Holder == 0:
                yield return (
                    $"{name} says from where the {crossing.From} catches up",
                    From(left with { Mark = left.Mark ?? ferry.Moment }, FerryStep.TakingOver));
                break;
            case FerryStep.Marked when !left.Away:
                yield return ($"{name} finds the {crossing.From} serving", At(world, FerryStep.Returning));
                break;
            case FerryStep.TakingOver when to.Holder == 0:
                var taken = TakeOver(to, epoch + 1);
                if (taken is { } serving)
                {
                    yield return ($"{name} takes over", To(serving, FerryStep.Placing));
                }

                if (taken is null || !insists)
                {
                    yield return ($"{name} cannot take over", At(world, FerryStep.Returning));
                }

                break;
            case FerryStep.Placing
                when MayPlace(world, epoch) && world.Move != (crossing == Forward ? MoveState.Switching : MoveState.GoingBack):
                yield return ($"{name} is not wanted any more", At(world, FerryStep.Returning));
                break;
            case FerryStep.Placing:
                var placed = Place(world, epoch, new Placement(epoch + 1, crossing.To));
                yield return (
                    $"{name} places",
                    At(
                        crossing == Forward && placed != world ? placed with { Move = MoveState.Switched } : placed,
                        FerryStep.Finishing));
                break;
            case FerryStep.Returning:
                yield return (
                    $"{name} returns",
                    At(Place(world, epoch, new Placement(epoch + 2, crossing.From)), FerryStep.Finishing));
                break;
            case FerryStep.Finishing when world.Placement.Home == crossing.To:
                yield return ($"{name} is done", At(world, FerryStep.Over));
                break;
            case FerryStep.Finishing when left.Holder == 0:
                yield return (
                    $"{name} has the {crossing.From} serve again",
                    TakeOver(left, world.Placement.Epoch) is { } again
                        ? From(again, FerryStep.Failed)
                        : At(world, FerryStep.Failed));
                break;
        }

        // Of the ways back the second one is the last: somebody tries until it is gone.
        if (!insists)
        {
            yield return ($"{name} dies", To(to with { Holder = to.Holder == token ? 0 : to.Holder }, FerryStep.Over));
        }
    }

    private IEnumerable<(string, World)> GivesUpMove(World world)
    {
        World At(World next, GivingUp step) => next with { GivingUp = step };
        var (source, tenantIsAtTarget) = (world.Source, world.Placement.Home == Home.Target);
        switch (world.GivingUp)
        {
            case GivingUp.No:
                yield return ("the move is given up", At(world, GivingUp.Asked));
                if (world.Move == MoveState.Switched)
                {
                    yield return ("the move is kept", At(world, GivingUp.Kept));
                }

                break;
            case GivingUp.Asked when tenantIsAtTarget:
                var back = world.Back.At is FerryStep.Over or FerryStep.Failed ? new Ferry { Tries = 1 } : world.Back;
                yield return ("the way back begins", At(world, GivingUp.GoingBack) with { Back = back, Move = MoveState.GoingBack });
                break;
            case GivingUp.GoingBack when world.Back.At is FerryStep.Over or FerryStep.Failed:
                yield return ("the way back has ended", At(world, GivingUp.Asked));
                break;
            case GivingUp.Asked when source is { Away: false, Epoch: 1 }:
                if (source.Holder == 0 && !HasOpenWrite(world, Home.Source))
                {
                    yield return (
                        "giving up has the source serve out of reach",
                        At(world with { Source = source with { Epoch = 3, Writable = true, Fence = 0 } }, GivingUp.Returning));
                }

                break;
            case GivingUp.Asked:
                yield return ("giving up finds the source handed over", At(world, GivingUp.Returning));
                break;
            case GivingUp.Returning:
                yield return ("giving up returns", At(Place(world, 1, new Placement(3, Home.Source)), GivingUp.Serving));
                break;
            case GivingUp.Serving when tenantIsAtTarget:
                yield return ("giving up finds the tenant moved", At(world, GivingUp.Asked));
                break;
            case GivingUp.Serving when source.Holder == 0:
                yield return TakeOver(source, world.Placement.Epoch) is { } serving
                    ? ("the source serves again", At(world with { Source = serving }, GivingUp.Ending))
                    : ("the source cannot serve again", At(world, GivingUp.Asked));
                break;
            case GivingUp.Ending:
                yield return MoveLifecycle.Table.Before(MoveState.Undoing).Contains(world.Move) || world.Move == MoveState.Undoing
                    ? ("the move is given up for good", At(world, GivingUp.Done) with { Move = MoveState.Undoing })
                    : ("the move has been switched meanwhile", At(world, GivingUp.Asked));
                break;
        }
    }

    private IEnumerable<(string, World)> Commits(World world)
    {
        if (world is { Move: MoveState.GoingBack, Placement.Home: Home.Target })
        {
            var committed = world with { Move = MoveState.CleaningUp };
            yield return (
                "the move is committed",
                parts.HasFlag(Parts.Stay) ? committed.Named(new Placement(world.Placement.Epoch + 2, Home.Target)) : committed);
        }

        if (world is { Move: MoveState.CleaningUp, Again.At: FerryStep.Kept, Source.Holder: 0 })
        {
            yield return ("the source is removed", world with { Source = Gone, Move = MoveState.Committed });
        }
    }

    private IEnumerable<(string, World)> Lifts(World world)
    {
        if (world is { Move: MoveState.CleaningUp, Target.Holder: 0 } && parts.HasFlag(Parts.Stay)
            && !HasOpenWrite(world, Home.Target) && Keep(world.Target, world.Placement.Epoch) is { } kept && kept != world.Target)
        {
            yield return ("somebody has the target serve for good", world with { Target = kept });
        }

        var home = world.Placement.Home;
        if (world.Move is MoveState.Switching or MoveState.GoingBack && Lift(world[home]) is var lifted && lifted != world[home])
        {
            yield return ("a forgotten fence is lifted", world.With(home, lifted));
        }
    }

    private static Database? Keep(Database database, int epoch) =>
        database.Away ? TakeOver(database, epoch)
        : database.Epoch <= epoch ? database with { Epoch = epoch, Writable = true, Fence = 0 }
        : null;

    private static Database Lift(Database database) =>
        database is { Writable: false, Away: false } ? database with { Writable = true, Fence = 0 } : database;

    private static Database? TakeOver(Database database, int epoch) =>
        (database.Away && database.Epoch <= epoch) || (database.Writable && database.Epoch == epoch)
            ? database with { Epoch = epoch, Away = false, Writable = true }
            : null;

    private static bool HasOpenWrite(World world, Home home) =>
        (world.First.At == WriterStep.Open && world.First.Route.Home == home)
        || (world.Second.At == WriterStep.Open && world.Second.Route.Home == home);

    private bool IsHeldBy(Database database, int token) =>
        database.Fence == token || !parts.HasFlag(Parts.Token) || !parts.HasFlag(Parts.Fence);

    private bool MayPlace(World world, int epoch) => world.Placement.Epoch == epoch || !parts.HasFlag(Parts.CompareAndSet);

    private World Place(World world, int epoch, Placement placement) =>
        MayPlace(world, epoch) ? world.Named(placement) : world;

    private sealed record Crossing(Home From, Home To);
}
