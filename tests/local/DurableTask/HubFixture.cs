using Microsoft.DurableTask;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using WebHost.Testing;

[assembly: AssemblyFixture(typeof(WebHost.Local.DurableTask.Tests.HubFixture))]

namespace WebHost.Local.DurableTask.Tests;

/// <summary>The one place that knows which engine the conformance tests run on: a new hub for each test.</summary>
public sealed class HubFixture : IAsyncLifetime
{
    private TestDatabase _database = null!;
    private int _hubs;

    public string ConnectionString => _database.ConnectionString;

    public async ValueTask InitializeAsync() => _database = await TestDatabase.CreateAsync("durable");

    public ValueTask DisposeAsync() => _database.DisposeAsync();

    public string NewHubName() => $"hub{Interlocked.Increment(ref _hubs)}";

    /// <param name="register">Orchestrators and activities.</param>
    /// <param name="replayed">Forgets every orchestration after each step, so that the next one replays its history.</param>
    /// <param name="hubName">An existing hub; a new one when absent.</param>
    /// <param name="time">The clock; the machine's when absent.</param>
    /// <param name="logging">Where logs go; nowhere when absent.</param>
    /// <param name="connectionString">The database; the fixture's when absent.</param>
    /// <param name="isWorker">Whether it runs anything, or is there for its client alone.</param>
    /// <param name="services">Further services.</param>
    /// <param name="configure">Further options.</param>
    public async Task<TestHub> StartAsync(
        Action<DurableTaskRegistry> register,
        bool replayed = false,
        string? hubName = null,
        TimeProvider? time = null,
        ILoggerProvider? logging = null,
        string? connectionString = null,
        bool isWorker = true,
        Action<IServiceCollection>? services = null,
        Action<LocalDurableTaskOptions>? configure = null)
    {
        var name = hubName ?? NewHubName();
        var builder = Host.CreateEmptyApplicationBuilder(null);
        if (logging is not null)
        {
            builder.Logging.AddProvider(logging);
        }

        if (time is not null)
        {
            builder.Services.Replace(ServiceDescriptor.Singleton(time));
        }

        services?.Invoke(builder.Services);
        builder.Services.AddLocalDurableTask(register, options =>
        {
            options.ConnectionString = $"{connectionString ?? ConnectionString};Maximum Pool Size=8";
            options.HubName = name;
            options.LeaseDuration = TimeSpan.FromSeconds(2);
            options.PollInterval = TimeSpan.FromMilliseconds(500);
            options.MaxIdleOrchestrations = replayed ? 0 : options.MaxIdleOrchestrations;
            configure?.Invoke(options);
        });
        var host = builder.Build();
        if (isWorker)
        {
            await host.StartAsync(TestContext.Current.CancellationToken);
        }

        return new TestHub(name, host);
    }
}
