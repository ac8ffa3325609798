namespace WebHost.Local.Functions.Tests;

public sealed class ScopedThing(Recorder recorder) : IDisposable
{
    public Guid Id { get; } = Guid.NewGuid();

    public void Dispose() => recorder.Add($"disposed {Id}");
}
