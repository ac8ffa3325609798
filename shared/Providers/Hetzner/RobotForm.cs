namespace WebHost.Providers.Hetzner;

/// <summary>Builds Robot's form bodies, in which a list repeats its key with <c>[]</c>.</summary>
internal sealed class RobotForm
{
    private readonly List<KeyValuePair<string, string>> _fields = [];

    public RobotForm Add(string name, string? value)
    {
        if (value is not null)
        {
            _fields.Add(new(name, value));
        }

        return this;
    }

    public RobotForm AddList(string name, IEnumerable<string> values)
    {
        _fields.AddRange(values.Select(value => KeyValuePair.Create($"{name}[]", value)));
        return this;
    }

    public HttpContent ToContent() => new FormUrlEncodedContent(_fields);
}
