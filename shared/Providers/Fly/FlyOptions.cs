namespace WebHost.Providers.Fly;

/// <summary>Access to Fly.io and what runs on it.</summary>
public sealed class FlyOptions
{
    /// <summary>Stands for an app's name in <see cref="DatabaseConnection"/>.</summary>
    public const string AppPlaceholder = "{app}";

    /// <summary>The Machines API, without <c>/v1</c>.</summary>
    public Uri? BaseAddress { get; init; }

    /// <summary>The GraphQL endpoint itself, which add-ons and Consul need.</summary>
    public Uri? GraphQlAddress { get; init; }

    /// <summary>An organization-scoped token, with or without its scheme (<c>FlyV1 …</c>).</summary>
    public string Token { get; init; } = "";

    /// <summary>The slug of the organization that owns every app of ours.</summary>
    public string Organization { get; init; } = "";

    /// <summary>The image of a tenant's PostgreSQL machines.</summary>
    public string DatabaseImage { get; init; } = "";

    /// <summary>The image of a tenant's application machines.</summary>
    public string AppImage { get; init; } = "";

    /// <summary>An Npgsql connection string without password in which <c>{app}</c> stands for the database's app.</summary>
    public string DatabaseConnection { get; init; } = "";

    /// <summary>The connection string of the database of <paramref name="app"/>, without password.</summary>
    public string DatabaseConnectionOf(string app) =>
        DatabaseConnection.Replace(AppPlaceholder, app, StringComparison.Ordinal);
}
