using Microsoft.Extensions.Logging;
using Npgsql;
using WebHost.Configuration;
using WebHost.Data;
using WebHost.Operations;
using WebHost.Placement;

namespace WebHost.Migration;

/// <summary>
/// Has a tenant served from another home, and pauses its writes for as long as that takes. The order is: fence, last round, hand
/// over, take over, placement. Up to handing over, whatever fails lifts the fence, and nothing has happened. From handing over
/// on, there is one way, forward; when that cannot be gone within the longest pause, the first home serves again, one epoch
/// further. Which of the two it is, the placement's epoch decides: both ways change it from the same value, and one of them can.
/// Repeating it after a crash goes on from wherever the databases say it is.
/// </summary>
public sealed partial class Cutover(
    Fence fence,
    CatchUp catchUp,
    ControlDatabase control,
    PlacementStore placements,
    PlacementCache cache,
    Settings settings,
    StepHooks hooks,
    TimeProvider time,
    ILogger<Cutover> logger)
{
    /// <summary>Place in a cutover: the source takes no writes any more; the last round has not begun.</summary>
    public const string Fenced = "fenced";

    /// <summary>Place in a cutover: the target has everything; nothing is handed over yet.</summary>
    public const string Drained = "drained";

    /// <summary>Place in a cutover: the source has handed over; the target serves nobody yet.</summary>
    public const string HandedOver = "handed-over";

    /// <summary>Place in a cutover: the target takes writes; nobody is led there yet.</summary>
    public const string TakenOver = "taken-over";

    private static readonly TimeSpan BetweenAttempts = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan ReleaseLimit = TimeSpan.FromSeconds(10);

    /// <summary>Cuts over, or goes on with it.</summary>
    /// <param name="crossing">From where to where.</param>
    /// <param name="along">
    /// Done in the transaction that changes the placement. What it refuses with <see cref="StepRefusedException"/> is not tried
    /// again: the source serves again at once.
    /// </param>
    /// <param name="cancellationToken">Interrupts it.</param>
    /// <exception cref="MigrationMismatchException">The last round found other rows at the target; the source serves as before.</exception>
    /// <exception cref="InvalidOperationException">The tenant has been placed elsewhere meanwhile.</exception>
    /// <exception cref="CutoverReturnedException">The target could not take over; the source serves again, at the epoch behind.</exception>
    public async Task<CutoverFigures> RunAsync(
        Crossing crossing, Func<NpgsqlTransaction, Task> along, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(crossing);
        CatchUpRound? last = null;
        if ((await placements.GetAsync(crossing.TenantId, cancellationToken)).Epoch == crossing.Epoch)
        {
            var state = await fence.ReadAsync(crossing.From, crossing.TenantId, cancellationToken);
            switch (state)
            {
                case { Away: false }:
                    last = await HandOverAsync(crossing, cancellationToken);
                    break;
                case { Away: true } handed when handed.Epoch == crossing.Epoch + 1:
                    break;
                default:
                    throw new FenceRefusedException(
                        $"Tenant {crossing.TenantId} is not served by database {crossing.From.Name} at epoch {crossing.Epoch}.");
            }

            await TakeOverAsync(crossing, along, cancellationToken);
        }

        cache.Forget(crossing.TenantId);
        var placement = await placements.GetAsync(crossing.TenantId, cancellationToken);
        if (placement.Home != crossing.Home)
        {
            if (placement.Home != crossing.FromHome)
            {
                throw new InvalidOperationException(
                    $"Tenant {crossing.TenantId} is served from home {placement.Home} meanwhile.");
            }

            await fence.TakeOverAsync(crossing.From, crossing.TenantId, placement.Epoch, cancellationToken);
            throw new CutoverReturnedException(crossing.TenantId);
        }

        var fenced = await fence.ReadAsync(crossing.From, crossing.TenantId, cancellationToken);
        return new CutoverFigures(fenced?.FencedFor ?? TimeSpan.Zero, last?.Rows ?? 0, last?.Lag ?? TimeSpan.Zero);
    }

    /// <summary>
    /// Has the home serve from where a crossing begins, should an earlier one have handed over and come to nothing: the
    /// placement leads there again, and whoever changed it back died before that home had taken over. It needs nothing of
    /// the other home.
    /// </summary>
    /// <returns>
    /// False when the crossing itself has handed over, and <see cref="RunAsync"/> is all that is left to do.
    /// </returns>
    public async Task<bool> ServeAsync(Crossing crossing, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(crossing);
        if (await fence.ReadAsync(crossing.From, crossing.TenantId, cancellationToken) is not { Away: true } left)
        {
            return true;
        }

        if (left.Epoch > crossing.Epoch)
        {
            return false;
        }

        // Refused when the tenant has gone on from here meanwhile: its row is then beyond this epoch.
        await fence.TakeOverAsync(crossing.From, crossing.TenantId, crossing.Epoch, cancellationToken);
        cache.Forget(crossing.TenantId);
        return true;
    }

    /// <summary>
    /// Has the other home expect the tenant, should an earlier crossing have taken over there and come to nothing: the
    /// placement never led to that home at the epoch at which it did, and nobody has written there since.
    /// </summary>
    /// <exception cref="FenceRefusedException">That home is not behind the one that serves.</exception>
    public Task ExpectAsync(Crossing crossing, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(crossing);
        return fence.ExpectAgainAsync(crossing.To, crossing.TenantId, crossing.Epoch, cancellationToken);
    }

    /// <summary>
    /// Has the home that the placement names serve for good at the placement's epoch, whatever attempts to cross from there have
    /// left: a closed fence, or a tenant that was handed over. None of them, should it wake up, has anything to do with that epoch.
    /// </summary>
    /// <param name="tenantId">The tenant, of a move that is committed: nobody changes its placement any more.</param>
    /// <param name="database">That home's database.</param>
    /// <param name="cancellationToken">Interrupts it.</param>
    /// <exception cref="FenceRefusedException">The tenant has gone on from there meanwhile.</exception>
    public async Task KeepAsync(Guid tenantId, TenantDatabaseAddress database, CancellationToken cancellationToken)
    {
        var placement = await placements.GetAsync(tenantId, cancellationToken);
        switch (await fence.ReadAsync(database, tenantId, cancellationToken))
        {
            // Not even its row is held, on which writes would wait.
            case { Away: false, Writable: true } serving when serving.Epoch == placement.Epoch:
                return;
            case { Away: false } behind when behind.Epoch <= placement.Epoch:
                await fence.StayAsync(database, tenantId, behind.Epoch, placement.Epoch, cancellationToken);
                break;
            default:
                await fence.TakeOverAsync(database, tenantId, placement.Epoch, cancellationToken);
                break;
        }

        cache.Forget(tenantId);
    }

    /// <summary>
    /// Has a tenant stay where it is after a cutover that came to nothing, at an epoch behind the target's. An attempt that was
    /// thought dead and wakes up afterwards finds no tenant at the epoch that it would fence.
    /// </summary>
    /// <param name="tenantId">The tenant.</param>
    /// <param name="epoch">The epoch at which it was served when the cutover began.</param>
    /// <param name="nextEpoch">The epoch at which the target would have served.</param>
    /// <param name="home">Number of the home that serves it.</param>
    /// <param name="database">That home's database.</param>
    /// <param name="cancellationToken">Interrupts it.</param>
    /// <exception cref="InvalidOperationException">The tenant is served from another home.</exception>
    public async Task StayAsync(
        Guid tenantId,
        long epoch,
        long nextEpoch,
        long home,
        TenantDatabaseAddress database,
        CancellationToken cancellationToken)
    {
        if (await fence.ReadAsync(database, tenantId, cancellationToken) is { Away: false })
        {
            await fence.StayAsync(database, tenantId, epoch, nextEpoch + 1, cancellationToken);
        }

        await control.TransactAsync(
            transaction => PlacementStore.MoveAsync(
                transaction, tenantId, epoch, nextEpoch + 1, home, cancellationToken),
            cancellationToken);
        var placement = await placements.GetAsync(tenantId, cancellationToken);
        if (placement.Home != home)
        {
            throw new InvalidOperationException($"Tenant {tenantId} is served from home {placement.Home}, not {home}.");
        }

        await fence.TakeOverAsync(database, tenantId, placement.Epoch, cancellationToken);
        cache.Forget(tenantId);
    }

    private async Task<CatchUpRound> HandOverAsync(Crossing crossing, CancellationToken cancellationToken)
    {
        var (tenantId, holder, pause) = (crossing.TenantId, Guid.NewGuid(), settings.Migrations.LongestPause);
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(pause);
        try
        {
            await fence.CloseAsync(crossing.From, tenantId, crossing.Epoch, holder, pause / 2, limit.Token);
            await hooks.Reached(tenantId, Fenced);
            var round = await catchUp.RunAsync(crossing.From, crossing.To, tenantId, Comparison.OfChanges, limit.Token);
            await hooks.Reached(tenantId, Drained);
            await fence.HandOverAsync(crossing.From, tenantId, crossing.Epoch, holder, limit.Token);
            return round;
        }
        catch (Exception exception)
        {
            await ReleaseAsync(crossing, holder);
            if (exception is OperationCanceledException && !cancellationToken.IsCancellationRequested)
            {
                throw new TimeoutException(
                    $"Tenant {tenantId} could not be handed over within the longest pause, {pause.TotalSeconds:0.#} s; it is served as before.",
                    exception);
            }

            throw;
        }
    }

    // Should this fail too, whoever looks after forgotten fences does it.
    private async Task ReleaseAsync(Crossing crossing, Guid holder)
    {
        using var limit = new CancellationTokenSource(ReleaseLimit);
        try
        {
            await fence.ReleaseAsync(crossing.From, crossing.TenantId, crossing.Epoch, holder, limit.Token);
        }
        catch (Exception notReleased)
        {
            LogNotReleased(logger, crossing.TenantId, notReleased);
        }
    }

    private async Task TakeOverAsync(
        Crossing crossing, Func<NpgsqlTransaction, Task> along, CancellationToken cancellationToken)
    {
        var begin = time.GetTimestamp();
        await hooks.Reached(crossing.TenantId, HandedOver);
        while (true)
        {
            try
            {
                await catchUp.BeginBackAsync(crossing.To, crossing.From, crossing.TenantId, cancellationToken);
                await fence.TakeOverAsync(crossing.To, crossing.TenantId, crossing.NextEpoch, cancellationToken);
                await hooks.Reached(crossing.TenantId, TakenOver);
                await PlaceAsync(crossing, crossing.NextEpoch, crossing.Home, along, cancellationToken);
                return;
            }
            catch (Exception failed) when (!cancellationToken.IsCancellationRequested)
            {
                LogNotTakenOver(logger, crossing.TenantId, failed);
                if (failed is StepRefusedException || time.GetElapsedTime(begin) > settings.Migrations.LongestPause)
                {
                    await PlaceAsync(
                        crossing, crossing.NextEpoch + 1, crossing.FromHome, _ => Task.CompletedTask, cancellationToken);
                    return;
                }
            }

            await Task.Delay(BetweenAttempts, time, cancellationToken);
        }
    }

    // When it was changed before, by an attempt whose answer was lost or by another one, that stands.
    private Task<bool> PlaceAsync(
        Crossing crossing, long epoch, long home, Func<NpgsqlTransaction, Task> along, CancellationToken cancellationToken) =>
        control.TransactAsync(
            async transaction =>
            {
                var moved = await PlacementStore.MoveAsync(
                    transaction, crossing.TenantId, crossing.Epoch, epoch, home, cancellationToken);
                if (moved)
                {
                    await along(transaction);
                }

                return moved;
            },
            cancellationToken);

    [LoggerMessage(720, LogLevel.Warning, "Tenant {TenantId}: the fence was not lifted at once.")]
    private static partial void LogNotReleased(ILogger logger, Guid tenantId, Exception exception);

    [LoggerMessage(721, LogLevel.Warning, "Tenant {TenantId} has been handed over, but not taken over yet.")]
    private static partial void LogNotTakenOver(ILogger logger, Guid tenantId, Exception exception);
}

/// <summary>From where to where a tenant crosses.</summary>
/// <param name="TenantId">The tenant.</param>
/// <param name="Epoch">The epoch at which it is served.</param>
/// <param name="NextEpoch">The epoch from then on, above every one at which it was ever served or expected.</param>
/// <param name="FromHome">Number of the home that serves it.</param>
/// <param name="From">That home's database.</param>
/// <param name="Home">Number of the home that will.</param>
/// <param name="To">That home's database; the tenant is away there, and it has caught up nearly.</param>
public sealed record Crossing(
    Guid TenantId, long Epoch, long NextEpoch, long FromHome, TenantDatabaseAddress From, long Home, TenantDatabaseAddress To);

/// <summary>What a cutover cost.</summary>
/// <param name="Pause">For how long the tenant took no writes.</param>
/// <param name="Rows">Rows copied meanwhile.</param>
/// <param name="Lag">How long the copying of these took.</param>
public sealed record CutoverFigures(TimeSpan Pause, long Rows, TimeSpan Lag);

/// <summary>The target could not take a tenant over; the source serves it again.</summary>
public sealed class CutoverReturnedException(Guid tenantId)
    : Exception($"The target could not take tenant {tenantId} over; the source serves it again.");
