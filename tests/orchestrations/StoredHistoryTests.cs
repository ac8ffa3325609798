using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.DurableTask;
using WebHost.Backups;
using WebHost.Emergency;
using WebHost.Local.DurableTask.History;
using WebHost.Migration;
using WebHost.Operations;
using WebHost.Plans;
using WebHost.Provisioning.Fly;
using WebHost.Provisioning.Hetzner;
using WebHost.Servers;

namespace WebHost.Orchestrations.Tests;

/// <summary>
/// Orchestrations that are under way when a new build is deployed go on with it: each orchestrator must still do what the
/// histories in Histories/ say it did. When a change is meant, and nothing can be under way, record them anew with
/// WEBHOST_RECORD_HISTORIES=1.
/// </summary>
public sealed class StoredHistoryTests(ScriptedEngine engine) : IClassFixture<ScriptedEngine>
{
    private const string RecordVariable = "WEBHOST_RECORD_HISTORIES";

    private static readonly TimeSpan ShortDeadline = TimeSpan.FromMilliseconds(200);

    // Before every step an operation is asked whether it is wanted; before the last one that waits, it still is.
    private static readonly int LooksOfMove = CountSteps(MoveTenant.StepsOf(ScriptedEngine.Upgrade()), nameof(KeepSource));

    private static readonly int LooksOfFailover =
        CountSteps(FailOver.StepsOf(ScriptedEngine.Failover(HostingProvider.Hetzner)), nameof(RecoverSource));

    private static readonly Dictionary<string, (string Orchestrator, Func<Script> Script, string? Event)> Recordings = new()
    {
        ["MoveTenant"] = (nameof(MoveTenant), () => new Script().Waits(nameof(KeepSource)), MoveTenant.Wake),
        ["MoveTenant-tried-again"] =
            (nameof(MoveTenant), () => new Script().Refuses(nameof(ExportHistory)), MoveTenant.Wake),
        ["MoveTenant-taken-back"] = (nameof(MoveTenant), () => new Script().Ends(nameof(SwitchOver)), null),
        ["MoveTenant-gone-back"] =
            (nameof(MoveTenant), () => new Script().Ends(nameof(CompareHomes)).Waits(nameof(MoveEnds.BeginUndoing)), null),
        ["MoveTenant-superseded"] =
            (nameof(MoveTenant),
             () => new Script()
                .Waits(nameof(KeepSource)).Agrees(nameof(MoveEnds.IsWanted), LooksOfMove).Waits(nameof(MoveEnds.IsWanted))
                .Supersedes(nameof(MoveEnds.BeginUndoing)),
             MoveTenant.Wake),
        ["FailOver"] = (nameof(FailOver), () => new Script().Waits(nameof(RecoverSource)), FailOver.Wake),
        ["FailOver-tried-again"] = (nameof(FailOver), () => new Script().Refuses(nameof(TakeOver)), FailOver.Wake),
        ["FailOver-cancelled"] =
            (nameof(FailOver),
             () => new Script()
                .Waits(nameof(ReserveSlot)).Agrees(nameof(FailoverEnds.IsFailoverWanted), 1).Waits(nameof(FailoverEnds.IsFailoverWanted)),
             FailOver.Wake),
        ["FailOver-taken-back"] = (nameof(FailOver), () => new Script().Ends(nameof(TakeOver)), null),
        ["FailOver-superseded"] =
            (nameof(FailOver),
             () => new Script()
                .Waits(nameof(RecoverSource))
                .Agrees(nameof(FailoverEnds.IsFailoverWanted), LooksOfFailover).Waits(nameof(FailoverEnds.IsFailoverWanted))
                .Waits(nameof(FailoverEnds.BeginFailoverUndoing)),
             FailOver.Wake),
        ["FailOverServer"] =
            (nameof(FailOverServer), () => new Script().Waits(nameof(FailOverTenants), 2).Refuses(nameof(FailOverTenants)), null),
        ["ProvisionOnHetzner"] = (nameof(ProvisionOnHetzner), () => new Script(), null),
        ["ProvisionOnHetzner-after-waiting"] =
            (nameof(ProvisionOnHetzner), () => new Script().Waits(nameof(ReserveSlot)), ProvisionOnHetzner.SlotOffered),
        ["ProvisionOnHetzner-taken-back"] =
            (nameof(ProvisionOnHetzner), () => new Script().Refuses(nameof(WebHost.Provisioning.VerifyHome)), null),
        ["ProvisionOnFly"] = (nameof(ProvisionOnFly), () => new Script(), null),
        ["ProvisionOnFly-with-retries"] = (nameof(ProvisionOnFly), () => new Script().Fails(nameof(StartDatabase), 2), null),
        ["ProvisionOnFly-taken-back"] = (nameof(ProvisionOnFly), () => new Script().Refuses(nameof(RequestCertificate)), null),
        ["BackUpTenant"] = (nameof(BackUpTenant), () => new Script().Waits(nameof(AwaitSettled), 2).Fails(nameof(CopyBackup), 1), null),
        ["BackUpTenant-failed"] = (nameof(BackUpTenant), () => new Script().Refuses(nameof(CopyBackup)), null),
        ["ProveBackup"] = (nameof(ProveBackup), () => new Script(), null),
        ["ProveBackup-damaged"] = (nameof(ProveBackup), () => new Script().Refuses(nameof(RestoreOnScratch)), null),
        ["RestoreTenant"] = (nameof(RestoreTenant), () => new Script().Fails(nameof(RestoreAside), 1), null),
        ["RestoreTenant-failed"] = (nameof(RestoreTenant), () => new Script().Refuses(nameof(ExportRestored)), null),
        ["TakeServerIntoService"] = (nameof(TakeServerIntoService), () => new Script().Waits(nameof(AwaitDelivery), 2), null),
        ["TakeServerIntoService-late"] =
            (nameof(TakeServerIntoService), () => new Script().Waits(nameof(AwaitInstallation), 1_000), null),
    };

    public static TheoryData<string> Names => [.. Recordings.Keys];

    [Theory]
    [MemberData(nameof(Names))]
    public async Task Todays_orchestrator_does_what_the_stored_history_says(string name)
    {
        var file = Path.Combine(Folder, $"{name}.json");
        if (Environment.GetEnvironmentVariable(RecordVariable) == "1")
        {
            await RecordAsync(name, file);
        }

        var registry = new DurableTaskRegistry();
        ScriptedEngine.Register(registry, (_, _) => true);

        RecordedHistory.Replay(await File.ReadAllTextAsync(file), registry, engine.Services);
    }

    [Fact]
    public void Every_orchestrator_has_a_stored_history() =>
        Assert.Empty(ScriptedEngine.Orchestrators.Keys.Except(Recordings.Values.Select(recording => recording.Orchestrator)));

    private async Task RecordAsync(string name, string file)
    {
        var (orchestrator, script, awaited) = Recordings[name];
        var instanceId = await engine.StartAsync(orchestrator, script(), awaited is null ? ShortDeadline : null);
        if (awaited is not null)
        {
            await engine.WaitsAsync(instanceId);
            await engine.Client.RaiseEventAsync(instanceId, awaited);
        }

        await engine.EndOfAsync(instanceId);
        await File.WriteAllTextAsync(file, WithoutStackTraces(await engine.ExportAsync(instanceId)));
    }

    // They name folders of the machine on which the history was recorded, and no orchestrator sees them.
    private static string WithoutStackTraces(string history)
    {
        var document = JsonNode.Parse(history)!;
        Strip(document);
        return document.ToJsonString(new JsonSerializerOptions { WriteIndented = true });

        static void Strip(JsonNode? node)
        {
            if (node is JsonObject members)
            {
                members.Remove("stackTrace");
            }

            var children = node switch
            {
                JsonObject of => of.Select(member => member.Value),
                JsonArray items => items,
                _ => [],
            };
            foreach (var child in children.ToList())
            {
                Strip(child);
            }
        }
    }

    private static int CountSteps(IEnumerable<PlannedStep> steps, string last) =>
        steps.SelectMany(step => step.Parts ?? [step]).TakeWhile(step => step.Name != last).Count() + 1;

    private static string Folder { get; } = Path.Combine(RepositoryFolder(), "tests", "orchestrations", "Histories");

    private static string RepositoryFolder()
    {
        var folder = AppContext.BaseDirectory;
        while (!File.Exists(Path.Combine(folder, "WebHost.sln")))
        {
            folder = Path.GetDirectoryName(folder)!;
        }

        return folder;
    }
}
