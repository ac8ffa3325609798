using System.Linq.Expressions;
using System.Reflection;
using Microsoft.AspNetCore.Routing.Patterns;
using Microsoft.Azure.Functions.Worker;
using Microsoft.Azure.Functions.Worker.Extensions.Abstractions;
using Microsoft.Extensions.Configuration;

namespace WebHost.Local.Functions;

/// <summary>All functions of the application, each with what its trigger needs.</summary>
internal sealed class FunctionCatalog
{
    private const BindingFlags EveryMethod = BindingFlags.Public | BindingFlags.NonPublic
        | BindingFlags.Instance | BindingFlags.Static | BindingFlags.DeclaredOnly;

    private readonly List<LocalFunction> _all = [];

    internal List<HttpFunction> Http { get; } = [];

    internal List<TimerFunction> Timers { get; } = [];

    internal List<QueueFunction> Queues { get; } = [];

    internal List<LocalFunction> Orchestrators { get; } = [];

    internal List<LocalFunction> Activities { get; } = [];

    internal bool UsesDurableTask =>
        Orchestrators.Count + Activities.Count > 0
        || _all.Exists(function => Array.Exists(
            function.Method.GetParameters(), parameter => parameter.IsDefined(typeof(DurableClientAttribute))));

    /// <exception cref="LocalStartException">A function cannot be bound; the message has every reason.</exception>
    internal static FunctionCatalog Find(
        IEnumerable<Type> types,
        IConfiguration configuration,
        HostJson hostJson,
        LocalHostSettings settings,
        bool servesHttp)
    {
        var catalog = new FunctionCatalog();
        var faults = new List<string>();
        var binder = new TriggerBinder(configuration, hostJson);
        var methods = types
            .SelectMany(type => type.GetMethods(EveryMethod))
            .Select(method => (Method: method, Function: method.GetCustomAttribute<FunctionAttribute>()))
            .Where(candidate => candidate.Function is not null)
            .ToArray();
        foreach (var (method, function) in methods)
        {
            catalog.Add(function!.Name, method, binder, faults);
        }

        faults.AddRange(methods
            .GroupBy(candidate => candidate.Function!.Name, StringComparer.OrdinalIgnoreCase)
            .Where(group => group.Count() > 1)
            .Select(group =>
                $"'{group.Key}' is the name of {string.Join(" and of ", group.Select(same => Place(same.Method)))}."));
        faults.AddRange(HttpFunction.Conflicts(catalog.Http));
        if (catalog.Http.Count > 0 && !servesHttp)
        {
            faults.Add("There are HTTP functions, but Program.cs does not call ConfigureFunctionsWebApplication().");
        }

        if (settings.Database is null && (catalog.Timers.Count > 0 || catalog.UsesDurableTask))
        {
            faults.Add(
                "The setting LocalHost__Database is missing: where timers and durable functions keep their state.");
        }

        return faults.Count == 0
            ? catalog
            : throw new LocalStartException(
                string.Join(
                    Environment.NewLine, faults.Select(fault => $"  - {fault}").Prepend("The functions cannot start:")));
    }

    private static string Place(MethodInfo method) => $"{method.DeclaringType!.FullName}.{method.Name}";

    private void Add(string name, MethodInfo method, TriggerBinder binder, List<string> allFaults)
    {
        var faults = new List<string>();
        var parameters = method.GetParameters();
        var triggers = parameters
            .Select(parameter => (Parameter: parameter, Trigger: parameter.GetCustomAttribute<TriggerBindingAttribute>()))
            .Where(candidate => candidate.Trigger is not null)
            .ToArray();
        if (!method.IsPublic || !method.DeclaringType!.IsVisible)
        {
            faults.Add("its method or class is not public.");
        }

        if (method.ContainsGenericParameters || (method.DeclaringType!.IsAbstract && !method.IsStatic))
        {
            faults.Add("its method or class is generic or abstract.");
        }

        if (triggers.Length != 1)
        {
            faults.Add($"it has {triggers.Length} trigger parameters instead of one.");
        }

        if (faults.Count == 0)
        {
            var (parameter, trigger) = triggers[0];
            var route = trigger is HttpTriggerAttribute http ? binder.Route(http, name, faults) : null;
            var arguments = Arguments(parameters, parameter, route, faults);
            if (faults.Count == 0)
            {
                var function = new LocalFunction(
                    name, method, trigger!, parameter, FunctionMethodCompiler.Compile(method, arguments));
                AddTrigger(function, route, binder, faults);
            }
        }

        allFaults.AddRange(faults.Select(fault => $"'{name}' ({Place(method)}): {fault}"));
    }

    private static List<Expression> Arguments(
        ParameterInfo[] parameters, ParameterInfo trigger, RoutePattern? route, List<string> faults)
    {
        var routeNames = route?.Parameters.Select(parameter => parameter.Name).ToArray() ?? [];
        var arguments = new List<Expression>();
        foreach (var parameter in parameters)
        {
            if (FunctionMethodCompiler.Bind(parameter, trigger, routeNames) is { } argument)
            {
                arguments.Add(argument);
            }
            else
            {
                faults.Add($"nothing binds the parameter '{parameter.Name}' of type {parameter.ParameterType.Name}.");
            }
        }

        return arguments;
    }

    private void AddTrigger(LocalFunction function, RoutePattern? route, TriggerBinder binder, List<string> faults)
    {
        _all.Add(function);
        switch (function.Trigger)
        {
            case HttpTriggerAttribute trigger:
                AddIfBound(Http, TriggerBinder.Http(function, trigger, route!, faults));
                break;
            case TimerTriggerAttribute trigger:
                var timer = binder.Timer(function, trigger, faults);
                AddIfBound(Timers, binder.IsDisabled(function) ? null : timer);
                break;
            case ServiceBusTriggerAttribute trigger:
                AddIfBound(Queues, binder.Queue(function, trigger, faults));
                break;
            case OrchestrationTriggerAttribute:
                AddIfBound(Orchestrators, TriggerBinder.Orchestrator(function, faults));
                break;
            default:
                Activities.Add(function);
                break;
        }
    }

    private static void AddIfBound<T>(List<T> functions, T? function)
        where T : class
    {
        if (function is not null)
        {
            functions.Add(function);
        }
    }
}
