using System.Collections.Concurrent;

namespace WebHost.Local.Functions.Tests;

/// <summary>What the test's functions were seen to do, and what the host logged.</summary>
public sealed class Recorder
{
    public ConcurrentQueue<string> Events { get; } = new();

    public ConcurrentQueue<string> Logs { get; } = new();

    /// <summary>Functions that wait for the test wait for this.</summary>
    public TaskCompletionSource Gate { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public void Add(string what) => Events.Enqueue(what);

    public int Count(string what) => Events.Count(entry => entry == what);
}
