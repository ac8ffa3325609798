using System.Globalization;
using System.Text.Json;

namespace WebHost.Local.Run.Launch;

/// <summary>
/// The application's settings: those of local.settings.sample.json, with what belongs to this one instance put in its place.
/// </summary>
internal static class HostSettings
{
    public static IReadOnlyDictionary<string, string> For(
        LaunchOptions options, Secrets secrets, Uri simulators, string controlDatabase, string localDatabase)
    {
        var (databaseHost, databasePort) = ServerOf(options.AdminDatabase);
        var sample = Path.Combine(options.Root, "local.settings.sample.json");
        using var document = JsonDocument.Parse(File.ReadAllBytes(sample));
        var settings = document.RootElement.GetProperty("Values").EnumerateObject()
            .ToDictionary(value => value.Name, value => value.Value.GetString() ?? "");

        settings["AzureWebJobsStorage"] = options.Blobs;
        settings["ControlDatabase"] = controlDatabase;
        settings["ServiceBus"] = localDatabase;
        settings["LocalHost__Database"] = localDatabase;
        settings["Backups__ScratchDatabase"] = options.AdminDatabase;
        settings["Operators__Keys"] = secrets.OperatorKey;
        settings["Security__MasterKeys"] = secrets.MasterKey;
        settings["Webhooks__SignupSecrets"] = secrets.WebhookSecret;
        settings["Webhooks__StripeSecrets"] = secrets.StripeSecret;
        settings["Providers__Hetzner__BaseAddress"] = $"{simulators}hetzner";
        settings["Providers__Fly__BaseAddress"] = $"{simulators}fly";
        settings["Providers__Fly__GraphQlAddress"] = $"{simulators}fly-graphql";
        settings["Providers__Fly__DatabaseConnection"] = string.Create(
            CultureInfo.InvariantCulture, $"Host={databaseHost};Port={databasePort};Username={{app}};Database={{app}}");
        settings["Providers__Cloudflare__BaseAddress"] = $"{simulators}cloudflare/client/v4";
        settings["Providers__Upstash__BaseAddress"] = $"{simulators}upstash/v2";
        return settings;
    }

    private static (string Host, int Port) ServerOf(string connectionString)
    {
        var builder = new Npgsql.NpgsqlConnectionStringBuilder(connectionString);
        return (builder.Host ?? throw new ArgumentException("The connection string names no host.", nameof(connectionString)),
            builder.Port);
    }
}
