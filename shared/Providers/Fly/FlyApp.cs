namespace WebHost.Providers.Fly;

/// <summary>An app that exists and is ours.</summary>
/// <param name="Network">The private network that its machines share with nobody else's.</param>
public sealed record FlyApp(string Name, string Network);
