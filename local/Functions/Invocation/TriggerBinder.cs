using System.Reflection;
using System.Text.RegularExpressions;
using Azure.Messaging.ServiceBus;
using Cronos;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Routing.Patterns;
using Microsoft.Azure.Functions.Worker;
using Microsoft.DurableTask;
using Microsoft.Extensions.Configuration;

namespace WebHost.Local.Functions;

/// <summary>
/// Reads what a function's trigger attribute and the settings say. What is wrong is added to the faults, to be reported
/// with all others; the answer is then null.
/// </summary>
internal sealed partial class TriggerBinder(IConfiguration configuration, HostJson hostJson)
{
    private const string DefaultConnection = "AzureWebJobsServiceBus";

    internal RoutePattern? Route(HttpTriggerAttribute trigger, string functionName, List<string> faults)
    {
        var template = $"{hostJson.Http.RoutePrefix}/{trigger.Route ?? functionName}".Trim('/');
        try
        {
            return RoutePatternFactory.Parse(template);
        }
        catch (RoutePatternException exception)
        {
            faults.Add($"its route '{template}' is not valid: {exception.Message}");
            return null;
        }
    }

    internal static HttpFunction? Http(
        LocalFunction function, HttpTriggerAttribute trigger, RoutePattern route, List<string> faults)
    {
        var before = faults.Count;
        if (trigger.AuthLevel != AuthorizationLevel.Anonymous)
        {
            faults.Add(
                $"it asks for the key level {trigger.AuthLevel}. This host knows no keys: the application authenticates its"
                + " callers itself and its functions are Anonymous.");
        }

        Expect<HttpRequest>(function, faults);
        var result = FunctionMethodCompiler.ResultType(function.Method);
        if (result != typeof(void)
            && !result.IsAssignableTo(typeof(IActionResult))
            && !result.IsAssignableTo(typeof(IResult)))
        {
            faults.Add($"it returns {result.Name}; only an IActionResult or an IResult reaches the caller.");
        }

        return faults.Count == before ? new HttpFunction(function, route, trigger.Methods ?? []) : null;
    }

    internal TimerFunction? Timer(LocalFunction function, TimerTriggerAttribute trigger, List<string> faults)
    {
        var before = faults.Count;
        Expect<TimerInfo>(function, faults);
        var schedule = Resolve(trigger.Schedule, faults);
        if (schedule is not null && !CronExpression.TryParse(schedule, CronFormat.IncludeSeconds, out _))
        {
            faults.Add($"its schedule '{schedule}' is not an NCRONTAB expression of six fields.");
        }

        return faults.Count == before
            ? new TimerFunction(
                function, schedule!, CronExpression.Parse(schedule!, CronFormat.IncludeSeconds), trigger.RunOnStartup)
            : null;
    }

    /// <summary>Whether the setting with which Azure Functions turns a function off does; here it is for timers.</summary>
    internal bool IsDisabled(LocalFunction function) =>
        bool.TryParse(configuration[$"AzureWebJobs.{function.Name}.Disabled"], out var disabled) && disabled;

    internal QueueFunction? Queue(LocalFunction function, ServiceBusTriggerAttribute trigger, List<string> faults)
    {
        var before = faults.Count;
        if (trigger.IsBatched)
        {
            Expect<ServiceBusReceivedMessage[]>(function, faults);
        }
        else
        {
            Expect<ServiceBusReceivedMessage>(function, faults);
        }

        var queue = Resolve(trigger.QueueName ?? "", faults);
        var setting = trigger.Connection ?? DefaultConnection;
        var connectionString = configuration[setting.Replace("__", ":", StringComparison.Ordinal)];
        if (string.IsNullOrWhiteSpace(connectionString))
        {
            faults.Add($"the setting {setting} is missing: the connection string of its queue.");
        }

        return faults.Count == before
            ? new QueueFunction(function, queue!, connectionString!, trigger.IsBatched, AutoCompletes(function))
            : null;
    }

    internal static LocalFunction? Orchestrator(LocalFunction function, List<string> faults)
    {
        var before = faults.Count;
        Expect<TaskOrchestrationContext>(function, faults);
        if (Array.Exists(function.Method.GetParameters(), parameter => parameter.IsDefined(typeof(DurableClientAttribute))))
        {
            faults.Add("an orchestrator may not use the durable client; only its context is replayed.");
        }

        return faults.Count == before ? function : null;
    }

    private static void Expect<T>(LocalFunction function, List<string> faults)
    {
        if (function.TriggerParameter.ParameterType != typeof(T))
        {
            faults.Add(
                $"its trigger parameter '{function.TriggerParameter.Name}' is a"
                + $" {function.TriggerParameter.ParameterType.Name}; it must be a {typeof(T).Name}.");
        }
    }

    /// <summary>An attribute that does not say leaves it to host.json, which its property cannot tell from false.</summary>
    private bool AutoCompletes(LocalFunction function)
    {
        const string property = nameof(ServiceBusTriggerAttribute.AutoCompleteMessages);
        var said = function.TriggerParameter.GetCustomAttributesData()
            .Single(attribute => attribute.AttributeType == typeof(ServiceBusTriggerAttribute))
            .NamedArguments
            .FirstOrDefault(argument => argument.MemberName == property);
        return said.TypedValue.Value as bool? ?? hostJson.ServiceBus.AutoCompleteMessages;
    }

    /// <summary>Replaces each <c>%setting%</c> with the setting's value.</summary>
    private string? Resolve(string text, List<string> faults)
    {
        var before = faults.Count;
        var resolved = SettingReference().Replace(text, match =>
        {
            var setting = match.Groups[1].Value;
            var value = configuration[setting.Replace("__", ":", StringComparison.Ordinal)];
            if (string.IsNullOrWhiteSpace(value))
            {
                faults.Add($"the setting {setting} is missing, which '{text}' names.");
            }

            return value ?? "";
        });
        return faults.Count == before ? resolved : null;
    }

    [GeneratedRegex("%([^%]+)%")]
    private static partial Regex SettingReference();
}
