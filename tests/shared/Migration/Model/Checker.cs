namespace WebHost.Tests.Migration.Model;

/// <summary>What came of looking at every order in which things can happen.</summary>
/// <param name="States">Different states seen.</param>
/// <param name="Ends">Those in which nothing can happen any more.</param>
/// <param name="Fault">What is broken in one of them; null when nothing is.</param>
/// <param name="Story">The shortest way there.</param>
internal sealed record Checked(int States, int Ends, string? Fault, IReadOnlyList<string> Story);

/// <summary>Looks at every state that can be reached, nearest first, each once, and whether each can come to an end.</summary>
internal sealed class Checker
{
    private readonly Dictionary<World, int> _numbers = [];
    private readonly List<(World World, int From, string Step)> _reached = [];
    private readonly List<(int To, int From)> _steps = [];
    private readonly List<int> _ends = [];

    public static Checked Check(Protocol protocol) => new Checker().Run(protocol);

    private Checked Run(Protocol protocol)
    {
        Reach(protocol.Start, -1, "");
        for (var i = 0; i < _reached.Count; i++)
        {
            var world = _reached[i].World;
            if (protocol.FaultOf(world) is { } fault)
            {
                return Broken(fault, i);
            }

            var any = false;
            foreach (var (step, next) in protocol.StepsFrom(world))
            {
                any = true;
                Reach(next, i, step);
            }

            if (!any)
            {
                _ends.Add(i);
                if (Protocol.FaultOfEnd(world) is { } stuck)
                {
                    return Broken(stuck, i);
                }
            }
        }

        return FindEndless() is { } endless
            ? Broken("nothing leads to an end any more", endless)
            : new Checked(_reached.Count, _ends.Count, null, []);
    }

    private void Reach(World world, int from, string step)
    {
        if (!_numbers.TryGetValue(world, out var number))
        {
            number = _reached.Count;
            _numbers.Add(world, number);
            _reached.Add((world, from, step));
        }

        _steps.Add((number, from));
    }

    // The first state from which no end can be reached.
    private int? FindEndless()
    {
        var before = _steps.Where(step => step.From >= 0).ToLookup(step => step.To, step => step.From);
        var ending = new HashSet<int>(_ends);
        var open = new Queue<int>(_ends);
        while (open.TryDequeue(out var state))
        {
            foreach (var from in before[state].Where(ending.Add))
            {
                open.Enqueue(from);
            }
        }

        return Enumerable.Range(0, _reached.Count).Cast<int?>().FirstOrDefault(state => !ending.Contains(state!.Value));
    }

    private Checked Broken(string fault, int at)
    {
        var story = new List<string>();
        for (var i = at; i > 0; i = _reached[i].From)
        {
            story.Add(_reached[i].Step);
        }

        story.Reverse();
        return new Checked(_reached.Count, _ends.Count, fault, story);
    }
}
