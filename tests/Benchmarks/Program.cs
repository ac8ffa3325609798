using WebHost.Benchmarks;

var benchmarks = new Dictionary<string, Func<Task>>(StringComparer.OrdinalIgnoreCase)
{
    ["durable-throughput"] = DurableThroughput.RunAsync,
    ["durable-latency"] = DurableLatency.RunAsync,
    ["durable-idle"] = DurableIdle.RunAsync,
    ["migration-speed"] = MigrationSpeed.RunAsync,
    ["reading"] = Reading.RunAsync,
};

if (args is not [var name] || !benchmarks.TryGetValue(name, out var run))
{
    Console.Error.WriteLine($"Name one benchmark: {string.Join(", ", benchmarks.Keys)}");
    return 2;
}

await run();
return 0;
