using System.Collections.Concurrent;
using Microsoft.Azure.Functions.Worker.Builder;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace WebHost.Local.Functions.Tests;

/// <summary>A functions application in this process, on a port of its own, in a folder of its own.</summary>
internal sealed class TestApplication : IAsyncDisposable
{
    private readonly LocalHost _host;
    private readonly DirectoryInfo _folder;

    private TestApplication(LocalHost host, DirectoryInfo folder)
    {
        _host = host;
        _folder = folder;
        Client = new HttpClient { BaseAddress = new Uri(host.Address, "/") };
    }

    internal HttpClient Client { get; }

    internal IServiceProvider Services => _host.Services;

    internal Recorder Recorder => _host.Services.GetRequiredService<Recorder>();

    internal static async Task<TestApplication> StartAsync(
        Type[] functions,
        Dictionary<string, string?>? settings = null,
        Action<FunctionsApplicationBuilder>? configure = null,
        string? hostJson = null,
        string? localSettings = null)
    {
        var folder = Directory.CreateTempSubdirectory("functions-test-");
        try
        {
            await WriteAsync(folder, "host.json", hostJson);
            await WriteAsync(folder, "local.settings.json", localSettings);
            var builder = new FunctionsApplicationBuilder(["--port", "0", "--contentRoot", folder.FullName])
            {
                FunctionTypes = functions,
                Start = { Throws = true },
            };
            builder.Configuration.AddInMemoryCollection(settings ?? []);
            builder.Services.AddSingleton<Recorder>();
            builder.Services.AddSingleton<ILoggerProvider, RecordingLoggerProvider>();
            (configure ?? (application => application.ConfigureFunctionsWebApplication()))(builder);
            var host = (LocalHost)builder.Build();
            try
            {
                await host.StartAsync(TestContext.Current.CancellationToken);
                return new TestApplication(host, folder);
            }
            catch
            {
                await host.DisposeAsync();
                throw;
            }
        }
        catch
        {
            folder.Delete(recursive: true);
            throw;
        }
    }

    internal Task StopAsync() => _host.StopAsync(TestContext.Current.CancellationToken);

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        await _host.StopAsync();
        await _host.DisposeAsync();
        _folder.Delete(recursive: true);
    }

    private static async Task WriteAsync(DirectoryInfo folder, string name, string? content)
    {
        if (content is not null)
        {
            await File.WriteAllTextAsync(Path.Combine(folder.FullName, name), content);
        }
    }

    private sealed class RecordingLoggerProvider(Recorder recorder) : ILoggerProvider
    {
        public ILogger CreateLogger(string categoryName) => new RecordingLogger(recorder.Logs);

        public void Dispose()
        {
        }
    }

    private sealed class RecordingLogger(ConcurrentQueue<string> logs) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(
            LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            logs.Enqueue($"{logLevel}: {formatter(state, exception)}{(exception is null ? "" : $" {exception.Message}")}");
    }
}
