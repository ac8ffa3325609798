using System.Reflection;

namespace WebHost.Benchmarks.Ingestion;

/// <summary>A host that has <see cref="EmptyFunction"/> and no settings, in a process and a folder of its own.</summary>
internal sealed class EmptyHost : IAsyncDisposable
{
    private readonly HostProcess _process;
    private readonly DirectoryInfo _folder;

    private EmptyHost(HostProcess process, DirectoryInfo folder) => (_process, _folder) = (process, folder);

    public int Port => _process.Port;

    public static async Task<EmptyHost> StartAsync()
    {
        var folder = Directory.CreateTempSubdirectory("webhost-empty-");
        var process = await HostProcess.StartAsync(
            Assembly.GetExecutingAssembly().Location, ["empty-host", "--contentRoot", folder.FullName],
            new Dictionary<string, string>(), "api/gps");
        return new EmptyHost(process, folder);
    }

    public async ValueTask DisposeAsync()
    {
        await _process.DisposeAsync();
        _folder.Delete(recursive: true);
    }
}
