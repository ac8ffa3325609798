using System.Reflection;
using System.Reflection.Metadata;
using System.Reflection.PortableExecutable;
using Microsoft.Azure.Functions.Worker;

namespace WebHost.Local.Functions;

/// <summary>
/// The application's assemblies that may have functions, found in its list of dependencies: one that the entry assembly
/// names in its project, but nowhere in its code, is not among the references that the compiler wrote down.
/// </summary>
internal static class ApplicationAssemblies
{
    internal static IEnumerable<Type> Types()
    {
        var worker = typeof(FunctionAttribute).Assembly.GetName().Name!;
        return ((string)AppContext.GetData("TRUSTED_PLATFORM_ASSEMBLIES")!)
            .Split(Path.PathSeparator)
            .Where(path => path.StartsWith(AppContext.BaseDirectory, StringComparison.Ordinal) && References(path, worker))
            .SelectMany(path => Assembly.Load(AssemblyName.GetAssemblyName(path)).GetTypes());
    }

    private static bool References(string path, string name)
    {
        using var file = new PEReader(File.OpenRead(path));
        if (!file.HasMetadata)
        {
            return false;
        }

        var metadata = file.GetMetadataReader();
        return metadata.AssemblyReferences.Any(
            reference => metadata.StringComparer.Equals(metadata.GetAssemblyReference(reference).Name, name));
    }
}
