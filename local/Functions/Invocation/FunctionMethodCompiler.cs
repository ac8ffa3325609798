using System.Globalization;
using System.Linq.Expressions;
using System.Reflection;
using Microsoft.AspNetCore.Http;
using Microsoft.Azure.Functions.Worker;
using Microsoft.DurableTask.Client;
using Microsoft.Extensions.DependencyInjection;

namespace WebHost.Local.Functions;

/// <summary>Turns a function into one delegate, so that an invocation does no reflection.</summary>
internal static class FunctionMethodCompiler
{
    private static readonly ParameterExpression Context = Expression.Parameter(typeof(LocalFunctionContext), "context");

    /// <summary>The expression that gives a parameter its value, or null when nothing does.</summary>
    internal static Expression? Bind(
        ParameterInfo parameter, ParameterInfo trigger, IReadOnlyCollection<string> routeNames)
    {
        if (parameter == trigger)
        {
            return parameter.ParameterType == typeof(HttpRequest)
                ? Call(nameof(Request))
                : Expression.Convert(
                    Expression.Property(Context, nameof(LocalFunctionContext.Trigger)), parameter.ParameterType);
        }

        if (parameter.ParameterType == typeof(FunctionContext))
        {
            return Context;
        }

        if (parameter.ParameterType == typeof(CancellationToken))
        {
            return Expression.Property(Context, nameof(LocalFunctionContext.CancellationToken));
        }

        if (parameter.ParameterType == typeof(DurableTaskClient) && parameter.IsDefined(typeof(DurableClientAttribute)))
        {
            return Call(nameof(DurableClient));
        }

        if (parameter.ParameterType == typeof(ServiceBusMessageActions)
            && trigger.IsDefined(typeof(ServiceBusTriggerAttribute)))
        {
            return Expression.Property(Context, nameof(LocalFunctionContext.MessageActions));
        }

        if (!routeNames.Contains(parameter.Name, StringComparer.OrdinalIgnoreCase))
        {
            return null;
        }

        var name = Expression.Constant(parameter.Name);
        if (parameter.ParameterType == typeof(string))
        {
            return Call(nameof(RouteText), name);
        }

        return Array.Exists(
            parameter.ParameterType.GetInterfaces(),
            candidate => candidate.IsGenericType && candidate.GetGenericTypeDefinition() == typeof(IParsable<>))
            ? Expression.Call(
                typeof(FunctionMethodCompiler), nameof(RouteValue), [parameter.ParameterType], Context, name)
            : null;
    }

    internal static FunctionMethod Compile(MethodInfo method, IEnumerable<Expression> arguments)
    {
        var instance = method.IsStatic
            ? null
            : Expression.Convert(
                Expression.Invoke(
                    Expression.Constant(ActivatorUtilities.CreateFactory(method.DeclaringType!, Type.EmptyTypes)),
                    Expression.Property(Context, nameof(LocalFunctionContext.InstanceServices)),
                    Expression.Constant(null, typeof(object[]))),
                method.DeclaringType!);
        return Expression.Lambda<FunctionMethod>(Await(Expression.Call(instance, method, arguments)), Context).Compile();
    }

    /// <summary>What the function gives back once it has been awaited; void when nothing.</summary>
    internal static Type ResultType(MethodInfo method)
    {
        var type = method.ReturnType;
        if (type == typeof(Task) || type == typeof(ValueTask))
        {
            return typeof(void);
        }

        return IsGenericTask(type) ? type.GetGenericArguments()[0] : type;
    }

    private static Expression Await(MethodCallExpression call)
    {
        var type = call.Type;
        if (type == typeof(Task))
        {
            return call;
        }

        if (type == typeof(ValueTask))
        {
            return Expression.Call(call, nameof(ValueTask.AsTask), Type.EmptyTypes);
        }

        if (IsGenericTask(type))
        {
            return Expression.Call(
                typeof(FunctionMethodCompiler),
                type.GetGenericTypeDefinition() == typeof(Task<>) ? nameof(KeepTask) : nameof(KeepValueTask),
                type.GetGenericArguments(),
                Context,
                call);
        }

        return type == typeof(void)
            ? Expression.Block(call, Expression.Constant(Task.CompletedTask, typeof(Task)))
            : Call(nameof(Keep), Expression.Convert(call, typeof(object)));
    }

    private static bool IsGenericTask(Type type) =>
        type.IsGenericType
        && (type.GetGenericTypeDefinition() == typeof(Task<>) || type.GetGenericTypeDefinition() == typeof(ValueTask<>));

    private static MethodCallExpression Call(string helper, params Expression[] arguments) =>
        Expression.Call(typeof(FunctionMethodCompiler), helper, Type.EmptyTypes, [Context, .. arguments]);

    private static HttpRequest Request(LocalFunctionContext context) => ((HttpContext)context.Trigger!).Request;

    private static DurableTaskClient DurableClient(LocalFunctionContext context) =>
        context.InstanceServices.GetRequiredService<DurableTaskClient>();

    private static string? RouteText(LocalFunctionContext context, string name) =>
        ((HttpContext)context.Trigger!).Request.RouteValues[name] as string;

    private static T RouteValue<T>(LocalFunctionContext context, string name)
        where T : IParsable<T>
    {
        var text = RouteText(context, name);
        return T.TryParse(text, CultureInfo.InvariantCulture, out var value)
            ? value
            : throw new BadHttpRequestException($"'{text}' in the path is no {typeof(T).Name} for '{name}'.");
    }

    private static async Task KeepTask<T>(LocalFunctionContext context, Task<T> task) => context.Result = await task;

    private static async Task KeepValueTask<T>(LocalFunctionContext context, ValueTask<T> task) => context.Result = await task;

    private static Task Keep(LocalFunctionContext context, object? result)
    {
        context.Result = result;
        return Task.CompletedTask;
    }
}
