using Microsoft.DurableTask;
using WebHost.Operations;
using WebHost.Plans;
using WebHost.Provisioning;
using WebHost.Provisioning.Fly;
using WebHost.Provisioning.Hetzner;

namespace WebHost.Migration;

/// <summary>The steps of provisioning that make a home, without those that open it for business.</summary>
internal static class HomeSteps
{
    private static readonly HashSet<string> Opening = [nameof(PointHostname), nameof(VerifyHome), nameof(ActivateTenant)];

    // What they make goes with what another step made.
    private static readonly HashSet<string> LeaveNothing =
        [nameof(AssignAddresses), nameof(StartReplicas), nameof(PrepareDatabase), nameof(RequestCertificate)];

    // What costs money every day is tried to be removed every day.
    private static readonly TimeSpan RemoveAgain = TimeSpan.FromDays(1);

    /// <summary>The steps in order.</summary>
    public static IReadOnlyList<PlannedStep> Of(HostingProvider provider) =>
        [.. (provider == HostingProvider.Fly ? ProvisionOnFly.Steps : ProvisionOnHetzner.Steps)
            .Where(step => !Opening.Contains(step.Name))];

    /// <summary>Whether a step leaves something to take back.</summary>
    public static bool Leaves(string step) => !LeaveNothing.Contains(step);

    /// <summary>Whether taking a step back means to ask the shared server for it.</summary>
    public static bool NeedsServer(HostingProvider provider, string step) =>
        provider == HostingProvider.Hetzner && step is nameof(MakeHomeInDatabase) or nameof(GrantRedis);

    /// <summary>Runs the steps that make a home.</summary>
    /// <exception cref="StepGivenUpException">One failed for good, nobody had it tried again, or the home is not wanted any more.</exception>
    public static async Task MakeAsync(PatientSteps steps, Saga saga, HostingProvider provider)
    {
        foreach (var step in Of(provider).Select(step => step.Name))
        {
            await steps.UntilDoneAsync(step, () => Leaves(step) ? saga.RunAsync(step) : saga.RunFinalAsync(step));
        }
    }

    /// <summary>Takes steps back that made a home.</summary>
    /// <param name="context">The orchestration.</param>
    /// <param name="made">With what the home was made.</param>
    /// <param name="provider">Whose infrastructure it is on.</param>
    /// <param name="which">Which of the steps.</param>
    /// <returns>Names of the steps that could not be taken back.</returns>
    public static Task<IReadOnlyList<string>> TakeBackAsync(
        TaskOrchestrationContext context, ProvisioningInput made, HostingProvider provider, Func<string, bool> which)
    {
        var saga = new Saga(context, made, made.Retries);
        Owe(saga, provider, which);
        return saga.UndoAsync();
    }

    /// <summary>Notes steps that were run elsewhere and made a home, to be taken back.</summary>
    public static void Owe(Saga saga, HostingProvider provider, Func<string, bool> which)
    {
        foreach (var step in Of(provider).Select(step => step.Name).Where(which))
        {
            saga.Owes(step);
        }
    }

    /// <summary>Has what could not be taken back tried again every day, until nothing is left behind.</summary>
    /// <param name="steps">Tells operators, who may have it tried earlier.</param>
    /// <param name="about">What they are told.</param>
    /// <param name="leftBehind">Names of the steps that could not be taken back.</param>
    /// <param name="takeBack">Takes those steps back, and answers which could not be.</param>
    public static async Task InsistOnTakingBackAsync(
        PatientSteps steps,
        StalledStep about,
        IReadOnlyList<string> leftBehind,
        Func<Func<string, bool>, Task<IReadOnlyList<string>>> takeBack)
    {
        while (leftBehind.Count > 0)
        {
            await steps.StallAsync(about with { LeftBehind = leftBehind }, RemoveAgain);
            leftBehind = await takeBack(leftBehind.Contains);
        }
    }
}
