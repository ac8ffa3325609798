using WebHost.Configuration;
using WebHost.Operations;
using WebHost.Placement;

namespace WebHost.Migration;

/// <summary>What a step of a move works with.</summary>
/// <param name="Move">The move as it stands.</param>
/// <param name="Source">The home that is left.</param>
/// <param name="SourceDatabase">Its database.</param>
/// <param name="Target">The home that is made.</param>
public sealed record MovingTenant(Move Move, TenantPlacement Source, TenantDatabaseAddress SourceDatabase, TenantPlacement Target)
{
    /// <summary>Of what is compared: everything that moves.</summary>
    internal Comparison Everything => Comparison.OfAllSince(Move.RetainedSince);
}

/// <summary>Runs the work of an activity as a step of a move: within the deadline, and only as long as the move is wanted.</summary>
public sealed class MoveSteps(
    StepRunner steps,
    MoveStore moves,
    PlacementStore placements,
    TenantDatabaseStore databases,
    Settings settings,
    TimeProvider time)
{
    /// <summary>Runs one attempt.</summary>
    /// <returns>True when the step is done, false when it waits.</returns>
    public Task<bool> RunAsync(
        MoveInput input,
        string step,
        Func<MovingTenant, CancellationToken, Task<StepOutcome>> work,
        CancellationToken cancellationToken) =>
        steps.RunAsync(
            input.OperationId,
            step,
            async () =>
            {
                using var limit = new CancellationTokenSource(settings.Migrations.StepDeadline, time);
                using var both = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
                try
                {
                    return await work(await FindAsync(input, both.Token), both.Token);
                }
                catch (OperationCanceledException) when (limit.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
                {
                    throw new StepRefusedException(
                        $"It was not done within its deadline, {settings.Migrations.StepDeadline:g}.");
                }
            },
            cancellationToken);

    /// <summary>The database of a home that has been made.</summary>
    public Task<TenantDatabaseAddress> DatabaseAsync(TenantPlacement home, CancellationToken cancellationToken) =>
        databases.GetAsync(
            home.DatabaseId ?? throw new InvalidOperationException($"Home {home.Home} of tenant {home.TenantId} has no database."),
            cancellationToken);

    private async Task<MovingTenant> FindAsync(MoveInput input, CancellationToken cancellationToken)
    {
        var source = await placements.GetHomeAsync(input.TenantId, input.Source.Home, cancellationToken);
        return new MovingTenant(
            await moves.GetAsync(input.OperationId, cancellationToken),
            source,
            await DatabaseAsync(source, cancellationToken),
            await placements.GetHomeAsync(input.TenantId, input.Target.Home, cancellationToken));
    }
}
