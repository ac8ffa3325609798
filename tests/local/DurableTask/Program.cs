using WebHost.Local.DurableTask.Tests.Chaos;
using Xunit.Runner.InProc.SystemConsole;

return args is [JourneyWorker.Verb, var connectionString, var hub]
    ? await JourneyWorker.RunAsync(connectionString, hub)
    : await ConsoleRunner.Run(args);
