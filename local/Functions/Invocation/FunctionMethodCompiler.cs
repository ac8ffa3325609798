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

    /// <summary>The expression that gives a parameter its value, or null when nothing can, its route's values included.</summary>
    internal static Expression? Bind(ParameterInfo parameter, ParameterInfo trigger, IReadOnlyCollection<string> routeNames)
    {
        if (parameter == trigger)
        {
            return parameter.ParameterType == typeof(HttpRequest)
                ? Call(nameof(Request))
                : Expression.Convert(Expression.Property(Context, nameof(LocalFunctionContext.Trigger)), parameter.ParameterType);
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
        if (type == typeof(void))
        {
            return Expression.Block(call, Expression.Default(typeof(ValueTask<object?>)));
        }

        if (type == typeof(ValueTask) || type == typeof(Task))
        {
            return Call(type == typeof(Task) ? nameof(FromTask) : nameof(FromValueTask), call, withContext: false);
        }

        if (IsGenericTask(type))
        {
            return Expression.Call(
                typeof(FunctionMethodCompiler),
                type.GetGenericTypeDefinition() == typeof(Task<>) ? nameof(FromTaskOf) : nameof(FromValueTaskOf),
                type.GetGenericArguments(),
                call);
        }

        return Expression.New(
            typeof(ValueTask<object?>).GetConstructor([typeof(object)])!, Expression.Convert(call, typeof(object)));
    }

    private static bool IsGenericTask(Type type) =>
        type.IsGenericType
        && (type.GetGenericTypeDefinition() == typeof(Task<>) || type.GetGenericTypeDefinition() == typeof(ValueTask<>));

    private static MethodCallExpression Call(string helper, Expression? argument = null, bool withContext = true)
    {
        Expression?[] arguments = [withContext ? Context : null, argument];
        return Expression.Call(
            typeof(FunctionMethodCompiler), helper, Type.EmptyTypes, [.. arguments.OfType<Expression>()]);
    }

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

    private static async ValueTask<object?> FromTask(Task task)
    {
        await task;
        return null;
    }

    private static async ValueTask<object?> FromValueTask(ValueTask task)
    {
        await task;
        return null;
    }

    private static async ValueTask<object?> FromTaskOf<T>(Task<T> task) => await task;

    private static async ValueTask<object?> FromValueTaskOf<T>(ValueTask<T> task) => await task;
}
