using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;

namespace WebHost.Local.Run.Launch;

/// <summary>
/// A program that we started and that ends with us. It has a session of its own, so that a Ctrl-C reaches it only through
/// <see cref="StopAsync"/>, in order; its record in the state folder lets the next start find it if we are killed.
/// </summary>
internal sealed partial class ManagedProcess : IAsyncDisposable
{
    private const int TerminateSignal = 15;
    private static readonly TimeSpan StopDeadline = TimeSpan.FromSeconds(20);

    private readonly Process _process;
    private readonly string _record;

    private ManagedProcess(string name, Process process, string log, string record)
    {
        Name = name;
        _process = process;
        Log = log;
        _record = record;
    }

    public string Name { get; }

    public string Log { get; }

    public int Id => _process.Id;

    public bool HasExited => _process.HasExited;

    public int ExitCode => _process.ExitCode;

    /// <summary>Starts a .NET program; what it prints goes to its log in the state folder.</summary>
    public static ManagedProcess Start(
        string name,
        StateFolder state,
        string assembly,
        IReadOnlyList<string> arguments,
        IReadOnlyDictionary<string, string> environment)
    {
        var log = state.Log(name);
        if (File.Exists(log))
        {
            File.Move(log, state.Log(name + ".previous"), overwrite: true);
        }

        // The shell gives the program its log and becomes it: should we be killed, it is not left with a broken pipe.
        var start = new ProcessStartInfo("setsid") { UseShellExecute = false, WorkingDirectory = Path.GetDirectoryName(assembly) };
        foreach (var argument in (string[])
            ["sh", "-c", "exec \"$@\" >\"$0\" 2>&1 </dev/null", log, "dotnet", assembly, .. arguments])
        {
            start.ArgumentList.Add(argument);
        }

        foreach (var (key, value) in environment)
        {
            start.Environment[key] = value;
        }

        var process = Process.Start(start) ?? throw new InvalidOperationException($"{assembly} could not be started.");
        var record = state.ProcessRecord(name);
        File.WriteAllText(record, Identity(process.Id));
        return new ManagedProcess(name, process, log, record);
    }

    public Task WaitForExitAsync(CancellationToken cancellation) => _process.WaitForExitAsync(cancellation);

    /// <summary>The end of what the program printed.</summary>
    public string LogTail(int lines = 25) => string.Join('\n', File.ReadLines(Log).TakeLast(lines));

    /// <summary>Asks the program to stop, and kills it when it has not within 20 s.</summary>
    public async Task StopAsync()
    {
        if (!_process.HasExited)
        {
            _ = Kill(_process.Id, TerminateSignal);
            using var deadline = new CancellationTokenSource(StopDeadline);
            try
            {
                await _process.WaitForExitAsync(deadline.Token);
            }
            catch (OperationCanceledException)
            {
                _process.Kill(entireProcessTree: true);
                await _process.WaitForExitAsync(CancellationToken.None);
            }
        }

        File.Delete(_record);
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        _process.Dispose();
    }

    /// <summary>Pid, start time and boot, as local/setup.sh writes and checks them.</summary>
    private static string Identity(int pid)
    {
        var stat = File.ReadAllText(string.Create(CultureInfo.InvariantCulture, $"/proc/{pid}/stat"));
        var startTime = stat[(stat.LastIndexOf(')') + 2)..].Split(' ')[19];
        var boot = File.ReadAllText("/proc/sys/kernel/random/boot_id").Trim();
        return string.Create(CultureInfo.InvariantCulture, $"{pid} {startTime} {boot}\n");
    }

    [LibraryImport("libc", EntryPoint = "kill", SetLastError = true)]
    private static partial int Kill(int pid, int signal);
}
