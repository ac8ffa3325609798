using System.Reflection;

namespace WebHost.Scenarios.Hosting;

/// <summary>Where this build put the programs that the tests run.</summary>
internal static class BuiltPrograms
{
    public static string Host { get; } = Metadata(nameof(Host));

    public static string Simulators { get; } = Metadata(nameof(Simulators));

    /// <summary>The sample of every setting.</summary>
    public static string Settings { get; } = Metadata(nameof(Settings));

    public static string RepositoryRoot { get; } = Metadata(nameof(RepositoryRoot));

    private static string Metadata(string key) =>
        typeof(BuiltPrograms).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>().Single(data => data.Key == key).Value!;
}
