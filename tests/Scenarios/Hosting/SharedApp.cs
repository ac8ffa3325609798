using WebHost.Scenarios.Hosting;

[assembly: AssemblyFixture(typeof(SharedApp))]

namespace WebHost.Scenarios.Hosting;

/// <summary>The one application that all tests share which neither kill it nor fill it nor make its vendors fail.</summary>
public sealed class SharedApp : IAsyncLifetime
{
    public LocalApp App { get; private set; } = null!;

    public async ValueTask InitializeAsync() => App = await LocalApp.StartAsync("shared");

    public ValueTask DisposeAsync() => App.DisposeAsync();
}
