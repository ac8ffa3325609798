using System.Reflection;
using System.Runtime.CompilerServices;

namespace WebHost.Local.DurableTask.Replay;

/// <summary>Finds out what a suspended async method waits for, to name it in an error.</summary>
internal static class AwaitedTask
{
    private const BindingFlags Fields = BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic;
    private const int MaxDepth = 50;

    /// <summary>
    /// The innermost task that <paramref name="task"/> waits for and the method that awaits it, as far as the runtime shows
    /// them: the compiler's state machines are reached through fields that are nobody's contract.
    /// </summary>
    public static string Describe(Task task)
    {
        string? method = null;
        for (var depth = 0; depth < MaxDepth; depth++)
        {
            if (StateMachineOf(task) is not { } machine)
            {
                break;
            }

            method = MethodOf(machine.GetType()) ?? method;
            if (AwaitedBy(machine) is not { } awaited)
            {
                break;
            }

            task = awaited;
        }

        var what = NameOf(task);
        return method is null ? what : $"{what}, in {method}";
    }

    private static object? StateMachineOf(Task task) => task.GetType().GetField("StateMachine", Fields)?.GetValue(task);

    // The one that is not complete; when its completion is what gave it away, the only one that is still held.
    private static Task? AwaitedBy(object machine) => machine.GetType().GetFields(Fields)
        .Where(field => field.Name.StartsWith("<>u__", StringComparison.Ordinal))
        .Select(field => TaskOf(field.GetValue(machine)))
        .OfType<Task>()
        .OrderBy(task => task.IsCompleted)
        .FirstOrDefault();

    private static Task? TaskOf(object? awaiter, int depth = 0)
    {
        if (awaiter is null or Task || depth > 2)
        {
            return awaiter as Task;
        }

        return awaiter.GetType().GetFields(Fields)
            .Where(field => typeof(Task).IsAssignableFrom(field.FieldType)
                || field.FieldType == typeof(object)
                || typeof(ICriticalNotifyCompletion).IsAssignableFrom(field.FieldType)
                || field.FieldType.Name.StartsWith("ValueTask", StringComparison.Ordinal))
            .Select(field => TaskOf(field.GetValue(awaiter), depth + 1))
            .FirstOrDefault(task => task is not null);
    }

    // A state machine is called <Method>d__1, nested in its class; a lambda's sits in <>c and is called <<Outer>b__0>d.
    private static string? MethodOf(Type machine)
    {
        var begin = machine.Name.LastIndexOf('<');
        var end = machine.Name.IndexOf('>', StringComparison.Ordinal);
        if (begin < 0 || end <= begin)
        {
            return null;
        }

        var owner = machine.DeclaringType;
        while (owner is not null && owner.Name.StartsWith('<'))
        {
            owner = owner.DeclaringType;
        }

        return $"{owner?.Name}.{machine.Name[(begin + 1)..end]}";
    }

    private static string NameOf(Task task)
    {
        var type = task.GetType();
        return type.Name switch
        {
            "DelayPromise" or "DelayPromiseWithCancellation" => "Task.Delay",
            _ when type == typeof(Task) || task is { } && type.Name.StartsWith("Task`", StringComparison.Ordinal) =>
                "a task not made by the context",
            _ => type.DeclaringType is { } outer ? $"a {outer.Name}.{type.Name}" : $"a {type.Name}",
        };
    }
}
