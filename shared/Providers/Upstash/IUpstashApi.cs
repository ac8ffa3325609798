using Refit;

namespace WebHost.Providers.Upstash;

/// <summary>Upstash's developer API, the calls we make.</summary>
internal interface IUpstashApi
{
    [Get("/redis/databases")]
    Task<IReadOnlyList<UpstashDatabase>> ListDatabases(CancellationToken cancellationToken);

    [Get("/redis/database/{id}")]
    Task<UpstashDatabase> GetDatabase(string id, CancellationToken cancellationToken);

    [Post("/redis/database")]
    Task<UpstashDatabase> CreateDatabase([Body] CreateDatabaseRequest request, CancellationToken cancellationToken);

    [Delete("/redis/database/{id}")]
    Task DeleteDatabase(string id, CancellationToken cancellationToken);
}

internal sealed record CreateDatabaseRequest(
    string DatabaseName, string Platform, string PrimaryRegion, IReadOnlyList<string>? ReadRegions, bool Tls);

// The answers carry the password although the published schema does not say so.
internal sealed record UpstashDatabase(
    string DatabaseId, string DatabaseName, string Endpoint, int Port, bool Tls, string? State, string? Password)
{
    public override string ToString() => $"{nameof(UpstashDatabase)} {{ {DatabaseId}, {DatabaseName} }}";
}
