using Microsoft.Azure.Functions.Worker.Builder;
using Microsoft.Extensions.Hosting;
using WebHost.Benchmarks;
using WebHost.Benchmarks.Ingestion;

if (args is ["empty-host", .. var options])
{
    var builder = FunctionsApplication.CreateBuilder(options);
    builder.ConfigureFunctionsWebApplication();
    builder.Build().Run();
    return 0;
}

var benchmarks = new Dictionary<string, Func<Task>>(StringComparer.OrdinalIgnoreCase)
{
    ["durable-throughput"] = DurableThroughput.RunAsync,
    ["durable-latency"] = DurableLatency.RunAsync,
    ["durable-idle"] = DurableIdle.RunAsync,
    ["ingestion"] = IngestionSpeed.RunAsync,
    ["journal-cost"] = JournalCost.RunAsync,
    ["soak"] = IngestionSoak.RunAsync,
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
