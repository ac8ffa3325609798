using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;

namespace WebHost.Local.DurableTask.Tests;

/// <summary>Keeps what was logged.</summary>
internal sealed class CollectedLog : ILoggerProvider
{
    private readonly ConcurrentQueue<(string Category, string Message)> _messages = new();

    public IEnumerable<string> Of(string category) =>
        _messages.Where(message => message.Category == category).Select(message => message.Message);

    public ILogger CreateLogger(string categoryName) => new Category(categoryName, _messages);

    public void Dispose()
    {
    }

    private sealed class Category(string name, ConcurrentQueue<(string Category, string Message)> messages) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(
            LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            messages.Enqueue((name, formatter(state, exception)));
    }
}
