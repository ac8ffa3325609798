namespace WebHost.Local.Functions;

internal sealed record HttpSettings
{
    public string RoutePrefix { get; init; } = "api";
}
