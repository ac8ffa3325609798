using System.Text.Json;
using WebHost.Operations;

namespace WebHost.Orchestrations.Tests;

/// <summary>What each activity of one orchestration answers, and a record of what was called.</summary>
public sealed class Script
{
    private readonly Dictionary<string, Queue<Func<bool>>> _answers = [];
    private readonly Dictionary<string, object> _found = [];
    private readonly List<(string Activity, JsonElement Input)> _calls = [];

    /// <summary>Activities in the order in which they were called, every attempt.</summary>
    public IReadOnlyList<string> Calls
    {
        get
        {
            lock (_calls)
            {
                return [.. _calls.Select(call => call.Activity)];
            }
        }
    }

    /// <summary>What the activity was given at each of its calls.</summary>
    public IReadOnlyList<T> InputsOf<T>(string activity)
    {
        lock (_calls)
        {
            return [.. _calls.Where(call => call.Activity == activity).Select(call => call.Input.Deserialize<T>()!)];
        }
    }

    /// <summary>The next calls of the activity say that it must wait.</summary>
    public Script Waits(string activity, int times = 1) => Add(activity, times, () => false);

    /// <summary>The next calls of the activity say what they say without a script; what is scripted next comes after them.</summary>
    public Script Agrees(string activity, int times) => Add(activity, times, () => true);

    /// <summary>Every call of the activity that answers finds this.</summary>
    public Script Finds(string activity, object found)
    {
        _found[activity] = found;
        return this;
    }

    /// <summary>The next calls of the activity fail and may be tried again.</summary>
    public Script Fails(string activity, int times) => Add(activity, times, () => throw new IOException($"{activity} broke."));

    /// <summary>The next call of the activity is refused for good.</summary>
    public Script Refuses(string activity) => Add(activity, 1, () => throw new StepRefusedException($"{activity} was refused."));

    /// <summary>The next call of the activity ends in a way from which nothing leads further.</summary>
    public Script Ends(string activity) =>
        Add(activity, 1, () => throw new StepFinalException($"{activity} is over.", new IOException()));

    /// <summary>The next call of the activity finds that another operation has taken its own's place.</summary>
    public Script Supersedes(string activity) =>
        Add(activity, 1, () => throw new SupersededException($"{activity} is somebody else's."));

    internal object Answer(string activity, JsonElement input)
    {
        Func<bool>? answer;
        lock (_calls)
        {
            _calls.Add((activity, input.Clone()));
            answer = _answers.TryGetValue(activity, out var queue) && queue.TryDequeue(out var next) ? next : null;
        }

        var agreed = answer?.Invoke() ?? true;
        return _found.GetValueOrDefault(activity, agreed);
    }

    private Script Add(string activity, int times, Func<bool> answer)
    {
        var queue = _answers.TryGetValue(activity, out var known) ? known : _answers[activity] = new();
        for (var i = 0; i < times; i++)
        {
            queue.Enqueue(answer);
        }

        return this;
    }
}
