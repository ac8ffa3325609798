namespace WebHost.Tests.Migration.Model;

/// <summary>What came of looking at every order in which things can happen.</summary>
/// <param name="States">Different states seen.</param>
/// <param name="Ends">Those in which nothing can happen any more.</param>
/// <param name="Fault">What is broken in one of them; null when nothing is.</param>
/// <param name="Story">The shortest way there.</param>
internal sealed record Checked(int States, int Ends, string? Fault, IReadOnlyList<string> Story);

/// <summary>Looks at every state that can be reached, nearest first, each once.</summary>
internal static class Checker
{
    public static Checked Check(Protocol protocol)
    {
        var seen = new HashSet<World> { World.Start };
        var reached = new List<(World World, int From, string Step)> { (World.Start, -1, "") };
        var ends = 0;
        for (var i = 0; i < reached.Count; i++)
        {
            var world = reached[i].World;
            if (Protocol.FaultOf(world) is { } fault)
            {
                return new Checked(reached.Count, ends, fault, Story(reached, i));
            }

            var any = false;
            foreach (var (step, next) in protocol.StepsFrom(world))
            {
                any = true;
                if (seen.Add(next))
                {
                    reached.Add((next, i, step));
                }
            }

            if (!any)
            {
                ends++;
                if (Protocol.FaultOfEnd(world) is { } stuck)
                {
                    return new Checked(reached.Count, ends, stuck, Story(reached, i));
                }
            }
        }

        return new Checked(reached.Count, ends, null, []);
    }

    private static List<string> Story(List<(World World, int From, string Step)> reached, int end)
    {
        var story = new List<string>();
        for (var i = end; i > 0; i = reached[i].From)
        {
            story.Add(reached[i].Step);
        }

        story.Reverse();
        return story;
    }
}
