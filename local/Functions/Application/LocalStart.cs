using System.Net.Sockets;
using Microsoft.AspNetCore.Connections;
using Microsoft.Extensions.Options;

namespace WebHost.Local.Functions;

/// <summary>
/// Ends the process with a message when the start fails: the application's Program.cs is the ordinary one, and an
/// exception that leaves it would be reported as a crash.
/// </summary>
internal sealed class LocalStart
{
    /// <summary>Leaves the exception to the caller instead, as tests want it.</summary>
    internal bool Throws { get; set; }

    /// <summary>While this is true a failure is reported here; the generic host's report would be a second one.</summary>
    internal bool IsReporting { get; private set; } = true;

    internal T Run<T>(Func<T> step)
    {
        try
        {
            return step();
        }
        catch (Exception exception) when (!Throws)
        {
            return Exit<T>(exception);
        }
    }

    internal async Task RunAsync(Func<Task> step)
    {
        try
        {
            await step();
            IsReporting = false;
        }
        catch (Exception exception) when (!Throws && exception is not OperationCanceledException)
        {
            Exit<object>(exception);
        }
    }

    private static T Exit<T>(Exception exception)
    {
        Console.Error.WriteLine(Describe(exception));
        Environment.Exit(1);
        throw exception;
    }

    private static string Describe(Exception exception) => exception switch
    {
        LocalStartException => exception.Message,
        AggregateException several => string.Join(Environment.NewLine, several.Flatten().InnerExceptions.Select(Describe)),
        OptionsValidationException options => string.Join(Environment.NewLine, options.Failures),
        IOException { InnerException: AddressInUseException } =>
            $"{exception.Message.TrimEnd('.')}. Stop what listens there, or choose another with --port.",
        SocketException => $"Cannot listen: {exception.Message}.",
        _ => exception.ToString(),
    };
}
