namespace WebHost.Scenarios.Hosting;

/// <summary>A test against an application; when it fails, what the application printed is part of its output.</summary>
public abstract class Scenario : IAsyncLifetime
{
    private readonly LocalApp? _shared;
    private LocalApp? _own;

    /// <summary>A test on an application of its own, from <see cref="StartAsync"/>.</summary>
    protected Scenario()
    {
    }

    /// <summary>A test on the application that all share.</summary>
    protected Scenario(SharedApp shared) => _shared = shared.App;

    protected LocalApp App => _own ?? _shared ?? throw new InvalidOperationException("Start an application first.");

    protected static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    /// <summary>Whether the tests may take minutes: set WEBHOST_LONG_TESTS=1.</summary>
    protected static bool IsLongRun => Environment.GetEnvironmentVariable("WEBHOST_LONG_TESTS") == "1";

    public virtual ValueTask InitializeAsync() => default;

    public virtual async ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        if (TestContext.Current.TestState?.Result == TestResult.Failed && (_own ?? _shared) is { } app)
        {
            TestContext.Current.TestOutputHelper?.WriteLine(app.Output());
        }

        if (_own is not null)
        {
            await _own.DisposeAsync();
        }
    }

    /// <summary>Starts an application for this test alone.</summary>
    protected async Task<LocalApp> StartAsync(string purpose, AppOptions? options = null) =>
        _own = await LocalApp.StartAsync(purpose, options);

    /// <summary>Writes into the test's output.</summary>
    protected static void Say(string line) => TestContext.Current.TestOutputHelper?.WriteLine(line);
}
