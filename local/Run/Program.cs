using System.Diagnostics;
using System.Runtime.InteropServices;
using Spectre.Console;
using WebHost.Local.Run.Display;
using WebHost.Local.Run.Launch;
using WebHost.Local.Run.Story;

namespace WebHost.Local.Run;

/// <summary>Started by run.sh: brings the application up, plays the story, stays up, and takes everything down again.</summary>
internal static class Program
{
    public static async Task<int> Main(string[] arguments)
    {
        using var stop = new CancellationTokenSource();
        using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
        using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);
        using var hangUp = PosixSignalRegistration.Create(PosixSignal.SIGHUP, Stop);
        try
        {
            return await RunAsync(LaunchOptions.Parse(arguments, Environment.GetEnvironmentVariable), stop.Token);
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            return 130;
        }
        catch (Exception unable) when (unable is LaunchException or ArgumentException)
        {
            await Console.Error.WriteLineAsync(unable.Message);
            return 1;
        }

        void Stop(PosixSignalContext signal)
        {
            signal.Cancel = true;
            stop.Cancel();
        }
    }

    private static async Task<int> RunAsync(LaunchOptions options, CancellationToken cancellation)
    {
        var clock = Stopwatch.StartNew();
        await using var instance = await Instance.StartAsync(options, cancellation);
        using var watch = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        var died = instance.WaitForUnexpectedExitAsync(watch.Token);
        try
        {
            var told = TellAsync(options, instance, clock, watch.Token);
            if (await Task.WhenAny(told, died) == died)
            {
                throw new LaunchException(await died);
            }

            var complete = await told;
            if (options.Mode == LaunchMode.Exit)
            {
                return complete ? 0 : 1;
            }

            throw new LaunchException(await died);
        }
        finally
        {
            await watch.CancelAsync();
        }
    }

    /// <summary>Plays the story, unless it is not wanted, and says where to go; false when the story did not go as it must.</summary>
    private static async Task<bool> TellAsync(
        LaunchOptions options, Instance instance, Stopwatch clock, CancellationToken cancellation)
    {
        var terminal = AnsiConsole.Profile.Capabilities.Ansi && !Console.IsOutputRedirected;
        IStoryDisplay display = terminal
            // Nothing is asked, so that it does not matter where the input comes from.
            ? new TerminalDisplay(AnsiConsole.Create(new AnsiConsoleSettings { Interactive = InteractionSupport.Yes }))
            : new PlainDisplay(Console.Out);
        display.Say($"WebHost is up after {clock.Elapsed.TotalSeconds:0.0} s at {instance.Connection.Url.OriginalString}");
        StoryOutcome? outcome = null;
        var complete = true;
        if (options.Mode != LaunchMode.Serve)
        {
            using var player = new StoryPlayer(instance.Connection, display, TimeProvider.System);
            try
            {
                outcome = await player.PlayAsync(cancellation);
                complete = outcome.IsComplete;
            }
            catch (Exception broken) when (broken is StoryException or HttpRequestException or Npgsql.NpgsqlException)
            {
                display.Deviation("The story cannot go on", [broken.Message]);
                complete = false;
            }
        }

        new Guide(display, options, instance.Connection).Write(outcome, complete, clock.Elapsed);
        return complete;
    }
}
