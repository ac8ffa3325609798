namespace WebHost.Local.Functions;

internal sealed record QueueFunction(
    LocalFunction Function, string Queue, string ConnectionString, bool IsBatched, bool AutoCompletes);
