namespace WebHost.Local.Functions.Tests;

public sealed record Order(string Id, int Quantity);
