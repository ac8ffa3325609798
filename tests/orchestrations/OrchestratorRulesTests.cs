using System.Reflection;
using System.Text;
using System.Text.Json;
using Microsoft.Azure.Functions.Worker;
using Mono.Cecil;
using Mono.Cecil.Rocks;
using WebHost.Backups;
using WebHost.Emergency;
using WebHost.Migration;
using WebHost.Operations;
using WebHost.Plans;
using WebHost.Provisioning;
using WebHost.Provisioning.Fly;
using WebHost.Servers;

namespace WebHost.Orchestrations.Tests;

/// <summary>
/// The rules of durable orchestrations that can be read off the compiled code: an orchestrator's own code, and whatever of
/// this application it calls, reaches no clock, no random number, no environment and no I/O.
/// </summary>
public sealed class OrchestratorRulesTests
{
    /// <summary>Azure's durable storage keeps payloads up to 45 KB in its tables; larger ones take a detour by blobs.</summary>
    private const int LargestPayload = 45 * 1024;

    private static readonly string[] Forbidden =
    [
        "System.DateTime::get_Now", "System.DateTime::get_UtcNow", "System.DateTime::get_Today", "System.DateTimeOffset::get_Now",
        "System.DateTimeOffset::get_UtcNow", "System.TimeProvider::", "System.Diagnostics.Stopwatch::", "System.Guid::NewGuid",
        "System.Guid::CreateVersion7", "System.Random::", "System.Security.Cryptography.RandomNumberGenerator::", "System.Environment::",
        "System.AppContext::", "System.Threading.Tasks.Task::Run", "System.Threading.Tasks.Task::Delay",
        "System.Threading.Tasks.Task::Wait", "System.Threading.Tasks.Task`1::get_Result", "System.Threading.Thread::",
        "System.Threading.Tasks.TaskFactory::", "System.Threading.Timer::", "System.IO.", "System.Net.", "Npgsql.", "Azure.", "Refit.",
        "::ConfigureAwait",
    ];

    private static readonly ModuleDefinition Module = ModuleDefinition.ReadModule(typeof(SignupIntake).Assembly.Location);

    public static TheoryData<string> Orchestrators => [.. ScriptedEngine.Orchestrators.Keys];

    [Theory]
    [MemberData(nameof(Orchestrators))]
    public void Orchestrator_reaches_nothing_that_replay_could_not_repeat(string name) => Assert.Empty(FindForbidden(Orchestrator(name)));

    [Fact]
    public void The_search_finds_what_is_forbidden_however_deep_it_lies() =>
        Assert.Contains(
            FindForbidden(Module.GetType(typeof(SignupIntake).FullName).Methods.Single(method => method.Name == nameof(SignupIntake.AcceptAsync))),
            found => found.Contains("Npgsql.", StringComparison.Ordinal));

    [Fact]
    public void Inputs_of_orchestrators_and_activities_come_out_of_JSON_as_they_went_in_and_are_small()
    {
        var input = new ProvisioningInput(
            Guid.CreateVersion7(), Guid.CreateVersion7(), 1, new StepRetries(6, TimeSpan.FromSeconds(1), TimeSpan.FromMinutes(1)));
        var failed = FailedStep.Of(input, nameof(VerifyHome), new string('€', 100_000));

        var server = new ServerInput(
            input.OperationId, input.TenantId, input.Retries, TimeSpan.FromMinutes(5), TimeSpan.FromDays(3), TimeSpan.FromDays(1));
        var failedServer = FailedServerOrder.Of(server, nameof(VerifyServer), new string('€', 100_000));

        var move = ScriptedEngine.Downgrade();
        var failedMove = MoveFailure.Of(
            move,
            new StalledStep(
                nameof(CompareHomes), new string('€', 100_000), [.. ProvisionOnFly.Steps.Select(step => step.Name)]));

        Assert.Equal(move, RoundTrip(move));
        Assert.Equivalent(failedMove, RoundTrip(failedMove), strict: true);

        var failover = ScriptedEngine.Failover(HostingProvider.Fly);
        var failedFailover = FailoverFailure.Of(
            failover,
            new StalledStep(
                nameof(TakeOver), new string('€', 100_000), [.. ProvisionOnFly.Steps.Select(step => step.Name)]));
        var old = new OldHome(failover, new MovingHome(3, HostingProvider.Hetzner, Guid.CreateVersion7()), Guid.CreateVersion7(), IsReachable: true);
        var serverFailover = new ServerFailoverInput(
            input.OperationId,
            input.TenantId,
            "It burns.",
            new HomeCondition(HomePresence.Silent, Epoch: null, "No connection (ConnectionRefused)."),
            input.Retries,
            TimeSpan.FromSeconds(1),
            IsClosed: true);

        Assert.Equal(failover, RoundTrip(failover));
        Assert.Equivalent(failedFailover, RoundTrip(failedFailover), strict: true);
        Assert.Equal(old, RoundTrip(old));
        Assert.Equal(serverFailover, RoundTrip(serverFailover));

        var backup = new BackupInput(
            input.OperationId, input.TenantId, input.Retries, TimeSpan.FromSeconds(10), TimeSpan.FromHours(6));
        var failedBackup = FailedBackup.Of(backup, nameof(CopyBackup), new string('€', 100_000));
        var proof = new ProofInput(input.OperationId, input.TenantId, Guid.CreateVersion7(), input.Retries);
        var failedProof = FailedProof.Of(proof, new string('€', 100_000));

        Assert.Equal(backup, RoundTrip(backup));
        Assert.Equal(failedBackup, RoundTrip(failedBackup));
        var restore = new RestoreInput(
            input.OperationId, input.TenantId, null, new DateTimeOffset(2026, 3, 14, 8, 0, 0, TimeSpan.Zero), WithJournal: true, input.Retries);
        var failedRestore = FailedRestore.Of(restore, nameof(RestoreAside), new string('€', 100_000));

        Assert.Equal(restore, RoundTrip(restore));
        Assert.Equal(failedRestore, RoundTrip(failedRestore));
        Assert.Equal(proof, RoundTrip(proof));
        Assert.Equal(failedProof, RoundTrip(failedProof));
        Assert.Equal(server, RoundTrip(server));
        Assert.Equal(failedServer, RoundTrip(failedServer));
        Assert.Equal(input, RoundTrip(input));
        Assert.Equal(failed.Reason, RoundTrip(failed).Reason);
    }

    [Fact]
    public void Every_activity_takes_one_of_the_inputs_that_are_known_to_be_small()
    {
        var inputs =
            from type in typeof(SignupIntake).Assembly.GetTypes()
            from method in type.GetMethods()
            from parameter in method.GetParameters()
            where parameter.GetCustomAttribute<ActivityTriggerAttribute>() is not null
            select parameter.ParameterType;

        Assert.Equal(
            [
                typeof(BackupInput), typeof(FailedBackup), typeof(FailedProof), typeof(FailedRestore), typeof(FailedServerOrder),
                typeof(FailedStep), typeof(FailoverFailure), typeof(FailoverInput), typeof(MoveFailure), typeof(MoveInput),
                typeof(OldHome), typeof(ProofInput), typeof(ProvisioningInput), typeof(RestoreInput), typeof(ServerFailoverInput),
                typeof(ServerInput),
            ],
            inputs.Distinct().OrderBy(type => type.Name));
    }

    private static T RoundTrip<T>(T value)
    {
        var json = JsonSerializer.Serialize(value);
        Assert.True(Encoding.UTF8.GetByteCount(json) < LargestPayload);
        return JsonSerializer.Deserialize<T>(json)!;
    }

    private static MethodDefinition Orchestrator(string name) =>
        Module.GetAllTypes().SelectMany(type => type.Methods).Single(method => method.CustomAttributes.Any(attribute =>
            attribute.AttributeType.Name == nameof(FunctionAttribute) && (string)attribute.ConstructorArguments[0].Value == name));

    // Follows calls within this assembly, into the bodies of async methods and lambdas too.
    private static List<string> FindForbidden(MethodDefinition start)
    {
        var found = new List<string>();
        var seen = new HashSet<MethodDefinition>();
        var open = new Stack<MethodDefinition>([start]);
        while (open.TryPop(out var method))
        {
            if (!seen.Add(method) || !method.HasBody)
            {
                continue;
            }

            foreach (var reference in method.Body.Instructions.Select(instruction => instruction.Operand).OfType<MethodReference>())
            {
                var called = $"{reference.DeclaringType.GetElementType().FullName}::{reference.Name}";
                if (Array.Exists(Forbidden, forbidden => forbidden.StartsWith("::", StringComparison.Ordinal)
                    ? called.EndsWith(forbidden, StringComparison.Ordinal)
                    : called.StartsWith(forbidden, StringComparison.Ordinal)))
                {
                    found.Add($"{method.FullName} calls {called}");
                }

                if (reference.DeclaringType.Scope == Module && reference.Resolve() is { } definition)
                {
                    open.Push(definition);
                }
            }

            var machines = method.CustomAttributes
                .Where(attribute => attribute.AttributeType.Name.EndsWith("StateMachineAttribute", StringComparison.Ordinal))
                .Select(attribute => ((TypeReference)attribute.ConstructorArguments[0].Value).Resolve());
            foreach (var body in machines.SelectMany(machine => machine.Methods))
            {
                open.Push(body);
            }
        }

        return found;
    }
}
