namespace WebHost.Local.DurableTask.Tests.Fuzz;

/// <summary>What a random orchestration must answer: the straightforward reading of each piece.</summary>
internal static class ReferenceInterpreter
{
    public static string Answer(Op op) => op.Kind switch
    {
        OpKind.Echo or OpKind.Event => $"{op.Value}",
        OpKind.Fail => $"failed {op.Value}",
        OpKind.Retry => op.Value < 3 ? $"after {op.Value}" : "gave up",
        OpKind.Timer => "time",
        OpKind.LateEvent => "late",
        OpKind.Race => $"won {op.Value}",
        OpKind.Sequence => $"[{string.Join(' ', op.Parts.Select(Answer))}]",
        OpKind.Parallel => $"({string.Join(' ', op.Parts.Select(Answer))})",
        OpKind.Sub => $"<{string.Join(' ', op.Parts.Select(Answer))}>",
        OpKind.FailingSub => $"sub failed {op.Value}",
        _ => throw new InvalidOperationException($"{op.Kind} has no reading."),
    };
}
