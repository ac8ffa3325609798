using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;

namespace WebHost.Local.Run.Launch;

/// <summary>The folder of one instance: secrets, ports and marks that outlive a run, logs and process records of this one.</summary>
internal sealed class StateFolder(string path)
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    public string Path => path;

    public string ConnectionFile => System.IO.Path.Combine(path, "connection.json");

    public string Log(string name) => System.IO.Path.Combine(path, "logs", name + ".log");

    public string ProcessRecord(string name) => System.IO.Path.Combine(path, "pids", name);

    /// <summary>The secret of this name: <paramref name="create"/> makes it on first use, then it stays the same.</summary>
    public string Secret(string name, Func<byte[], string> create)
    {
        var file = System.IO.Path.Combine(path, "secrets", name);
        if (!File.Exists(file))
        {
            WriteOwnerOnly(file, create(RandomNumberGenerator.GetBytes(32)));
        }

        return File.ReadAllText(file).Trim();
    }

    /// <summary>The loopback port remembered under this name, or a free one that is remembered from now on.</summary>
    public int Port(string name)
    {
        var file = System.IO.Path.Combine(path, name + ".port");
        if (File.Exists(file)
            && int.TryParse(File.ReadAllText(file), NumberStyles.None, CultureInfo.InvariantCulture, out var port)
            && IsFree(port))
        {
            return port;
        }

        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        port = ((IPEndPoint)listener.LocalEndpoint).Port;
        File.WriteAllText(file, port.ToString(CultureInfo.InvariantCulture));
        return port;
    }

    /// <summary>Does something once in the life of the folder.</summary>
    public async Task OnceAsync(string name, Func<Task> action)
    {
        var mark = System.IO.Path.Combine(path, name + ".done");
        if (!File.Exists(mark))
        {
            await action();
            await File.WriteAllTextAsync(mark, "");
        }
    }

    /// <summary>Replaces a file in one step; at no time can another user read it.</summary>
    public static void WriteOwnerOnly(string file, string content)
    {
        var temporary = file + ".new";
        File.Delete(temporary);
        using (var stream = new FileStream(temporary, new FileStreamOptions
        {
            Mode = FileMode.CreateNew,
            Access = FileAccess.Write,
            UnixCreateMode = OwnerOnly,
        }))
        using (var writer = new StreamWriter(stream))
        {
            writer.Write(content);
        }

        File.Move(temporary, file, overwrite: true);
    }

    private static bool IsFree(int port)
    {
        try
        {
            using var listener = new TcpListener(IPAddress.Loopback, port);
            listener.Start();
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }
}
