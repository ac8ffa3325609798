using Microsoft.Extensions.Configuration;

namespace WebHost.Local.Functions;

internal static class JsonFile
{
    /// <summary>The file's settings; none when there is no such file.</summary>
    /// <exception cref="LocalStartException">The file is not JSON.</exception>
    internal static IConfiguration Read(string path)
    {
        try
        {
            return new ConfigurationBuilder().AddJsonFile(path, optional: true).Build();
        }
        catch (InvalidDataException exception)
        {
            throw new LocalStartException($"{path} is not valid JSON: {exception.GetBaseException().Message}", exception);
        }
    }
}
