namespace WebHost.Tests;

/// <summary>The collection of tests beside which no other test runs.</summary>
[CollectionDefinition(nameof(Alone), DisableParallelization = true)]
public sealed class Alone;
