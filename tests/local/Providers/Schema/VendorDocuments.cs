namespace WebHost.Local.Providers.Tests.Schema;

/// <summary>The vendors' own descriptions and examples.</summary>
internal static class VendorDocuments
{
    /// <summary>A file or folder of theirs. Skips the test when they are not on this machine.</summary>
    public static string Find(string name)
    {
        var candidates = new List<string>();
        if (Environment.GetEnvironmentVariable("WEBHOST_SHARED_DATA") is { Length: > 0 } data)
        {
            candidates.Add(Path.Combine(data, "specs"));
        }

        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            candidates.Add(Path.Combine(folder.FullName, "shared", "data", "specs"));
        }

        var found = candidates.Find(Directory.Exists);
        Assert.SkipWhen(found is null, "The vendors' documents are not on this machine (WEBHOST_SHARED_DATA).");
        return Path.Combine(found, name);
    }
}
