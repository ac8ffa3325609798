namespace WebHost.Signup;

/// <summary>Collects what is wrong with a payload, by JSON path, in the order found.</summary>
internal sealed class FaultList
{
    private readonly List<(string Path, string Text)> _faults = [];

    public bool IsEmpty => _faults.Count == 0;

    public void Add(string path, string text) => _faults.Add((path, text));

    public RefusedSignup ToRefusal() => new(
        _faults.GroupBy(fault => fault.Path, fault => fault.Text)
            .ToDictionary(group => group.Key, group => group.ToArray()));
}
