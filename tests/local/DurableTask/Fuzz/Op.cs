namespace WebHost.Local.DurableTask.Tests.Fuzz;

/// <summary>A piece of a random orchestration. Its id is unique within the whole.</summary>
public sealed record Op(OpKind Kind, int Id, int Value, Op[] Parts)
{
    /// <summary>The number of pieces.</summary>
    public int Size => 1 + Parts.Sum(part => part.Size);

    /// <summary>Gives every piece an id of its own, in order.</summary>
    public Op Numbered()
    {
        var next = 0;
        return Number(this);

        Op Number(Op op) => op with { Id = next++, Parts = [.. op.Parts.Select(Number)] };
    }

    /// <summary>The events that somebody must send, by the instance that waits for them.</summary>
    public IEnumerable<(string InstanceId, string Name, int Value)> Events(string instanceId) => Kind switch
    {
        OpKind.Event => [(instanceId, $"event {Id}", Value)],
        OpKind.Sub => Parts.SelectMany(part => part.Events($"{instanceId}.{Id}")),
        _ => Parts.SelectMany(part => part.Events(instanceId)),
    };

    public override string ToString() =>
        $"{Kind}#{Id}({Value}{string.Concat(Parts.Select(part => $", {part}"))})";
}
