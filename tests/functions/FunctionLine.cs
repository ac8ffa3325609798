using System.Reflection;
using System.Text.Json;
using Microsoft.Azure.Functions.Worker;
using Microsoft.Azure.Functions.Worker.Extensions.Abstractions;

namespace WebHost.Functions.Tests;

/// <summary>A function in a line: kind, name, and what its trigger says.</summary>
internal static class FunctionLine
{
    private static readonly JsonSerializerOptions Options = new(JsonSerializerDefaults.Web);

    /// <summary>The line of a method that has a <see cref="FunctionAttribute"/>.</summary>
    public static string Of(MethodInfo method)
    {
        var parameter = method.GetParameters().Single(p => p.IsDefined(typeof(TriggerBindingAttribute)));
        return Line(method.GetCustomAttribute<FunctionAttribute>()!.Name, parameter.GetCustomAttribute<TriggerBindingAttribute>() switch
        {
            HttpTriggerAttribute http => new Binding("httpTrigger")
            {
                AuthLevel = http.AuthLevel.ToString(),
                Methods = http.Methods,
                Route = http.Route,
            },
            TimerTriggerAttribute timer => new Binding("timerTrigger") { Schedule = timer.Schedule },
            ServiceBusTriggerAttribute queue => new Binding("serviceBusTrigger")
            {
                QueueName = queue.QueueName,
                Connection = queue.Connection,
                Cardinality = queue.IsBatched ? "Many" : "One",
                AutoCompleteMessages = SaysWhoCompletes(parameter) ? queue.AutoCompleteMessages : null,
            },
            OrchestrationTriggerAttribute => new Binding("orchestrationTrigger"),
            ActivityTriggerAttribute => new Binding("activityTrigger"),
            var trigger => throw new InvalidOperationException($"{method.Name} has a trigger of another kind: {trigger}."),
        });
    }

    /// <summary>The lines of a functions.metadata file.</summary>
    public static IEnumerable<string> Generated(string metadata) =>
        JsonSerializer.Deserialize<Function[]>(metadata, Options)!
            .Select(function => Line(
                function.Name,
                function.Bindings.Single(binding => binding.Type.EndsWith("Trigger", StringComparison.Ordinal))));

    private static string Line(string name, Binding trigger) => trigger.Type switch
    {
        "httpTrigger" => $"http {name}: {Methods(trigger)} {trigger.Route ?? name}, {trigger.AuthLevel}",
        "timerTrigger" => $"timer {name}: {trigger.Schedule}",
        "serviceBusTrigger" => $"queue {name}: {trigger.QueueName} of {trigger.Connection}, {trigger.Cardinality ?? "One"}, "
            + $"completed by the {(trigger.AutoCompleteMessages ?? true ? "host" : "function")}",
        "orchestrationTrigger" => $"orchestrator {name}",
        "activityTrigger" => $"activity {name}",
        var type => throw new InvalidOperationException($"{name} has a trigger of another kind: {type}."),
    };

    private static string Methods(Binding trigger) =>
        trigger.Methods is [_, ..] methods ? string.Join('|', methods).ToUpperInvariant() : "ANY";

    private static bool SaysWhoCompletes(ParameterInfo parameter) =>
        parameter.GetCustomAttributesData()
            .SelectMany(attribute => attribute.NamedArguments)
            .Any(argument => argument.MemberName == nameof(ServiceBusTriggerAttribute.AutoCompleteMessages));

    private sealed record Function(string Name, IReadOnlyList<Binding> Bindings);

    private sealed record Binding(string Type)
    {
        public string? AuthLevel { get; init; }

        public IReadOnlyList<string>? Methods { get; init; }

        public string? Route { get; init; }

        public string? Schedule { get; init; }

        public string? QueueName { get; init; }

        public string? Connection { get; init; }

        public string? Cardinality { get; init; }

        public bool? AutoCompleteMessages { get; init; }
    }
}
