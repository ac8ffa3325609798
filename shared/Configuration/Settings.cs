using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using WebHost.Security;
using WebHost.Signup;

namespace WebHost.Configuration;

/// <summary>
/// What this application is configured with, beside its providers. Names are those of environment variables, where "__"
/// separates section and setting.
/// </summary>
public sealed record Settings
{
    private const int MostTrustedNetworks = 2;

    /// <summary>ControlDatabase: connection string of the control database.</summary>
    public required string ControlDatabase { get; init; }

    /// <summary>ServiceBus: connection string of the message bus.</summary>
    public required string ServiceBus { get; init; }

    /// <summary>AzureWebJobsStorage: connection string of the storage account with the journal's blobs.</summary>
    public required string BlobStorage { get; init; }

    /// <summary>Tenants__Domain: tenants are reached at a name below this one.</summary>
    public required string TenantDomain { get; init; }

    /// <summary>Security__MasterKeys: <c>id:base64[,id:base64…]</c> of 32 bytes each, the current one first.</summary>
    public required SecretProtector Secrets { get; init; }

    /// <summary>Operators__Keys: keys of operators, separated by commas.</summary>
    public required IReadOnlyList<string> OperatorKeys { get; init; }

    /// <summary>Operators__JwtAuthority: issuer of operators' tokens; absent when there are none.</summary>
    public Uri? JwtAuthority { get; init; }

    /// <summary>Operators__JwtAudience: audience of operators' tokens.</summary>
    public string? JwtAudience { get; init; }

    /// <summary>Webhooks__SignupSecrets: Standard Webhooks secrets, separated by commas.</summary>
    public required IReadOnlyList<string> SignupSecrets { get; init; }

    /// <summary>Webhooks__StripeSecrets: Stripe's endpoint secrets, separated by commas.</summary>
    public required IReadOnlyList<string> StripeSecrets { get; init; }

    /// <summary>Operations__StepAttempts: attempts at each step of an operation; 6 when absent.</summary>
    public required int StepAttempts { get; init; }

    /// <summary>Operations__FirstRetryInterval: before a step's second attempt, doubling after; 1 s when absent.</summary>
    public required TimeSpan FirstRetryInterval { get; init; }

    /// <summary>Operations__LongestRetryInterval: no interval is longer; 1 min when absent.</summary>
    public required TimeSpan LongestRetryInterval { get; init; }

    /// <summary>Servers__PollInterval: between two looks at a server that is awaited; 5 min when absent.</summary>
    public TimeSpan ServerPollInterval { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>Servers__DeliveryDeadline: after which a server that Hetzner has not delivered raises an alert; 3 days when absent.</summary>
    public TimeSpan ServerDeliveryDeadline { get; init; } = TimeSpan.FromDays(3);

    /// <summary>Servers__InstallDeadline: within which a delivered server must be installed; 1 day when absent.</summary>
    public TimeSpan ServerInstallDeadline { get; init; } = TimeSpan.FromDays(1);

    /// <summary>
    /// Servers__TrustedNetworks: IPv4 networks, at most two, separated by commas, from which a server's SSH, PostgreSQL and Redis
    /// are reached: where this application's calls come from. Without them no server can be ordered.
    /// </summary>
    public IReadOnlyList<string> ServerTrustedNetworks { get; init; } = [];

    /// <summary>Migrations__…: how tenants move.</summary>
    public MigrationSettings Migrations { get; init; } = new();

    /// <summary>Failovers__…: how tenants are brought back whose home is lost.</summary>
    public FailoverSettings Failovers { get; init; } = new();

    /// <summary>Backups__…: when tenants are backed up, and what is kept.</summary>
    public BackupSettings Backups { get; init; } = new();

    /// <summary>Reads and checks every setting.</summary>
    /// <exception cref="OptionsValidationException">Settings are missing or malformed; it names all of them.</exception>
    public static Settings Read(IConfiguration configuration)
    {
        var reader = new SettingsReader(configuration);
        var settings = new Settings
        {
            ControlDatabase = reader.ConnectionString("ControlDatabase"),
            ServiceBus = reader.Text("ServiceBus"),
            BlobStorage = reader.BlobStorage("AzureWebJobsStorage"),
            TenantDomain = reader.DomainName("Tenants__Domain"),
            Secrets = reader.Parsed("Security__MasterKeys", SecretProtector.FromSetting),
            OperatorKeys = reader.List("Operators__Keys", key => key.Length >= 16, "at least 16 characters long"),
            JwtAuthority = reader.OptionalAddress("Operators__JwtAuthority"),
            JwtAudience = reader.OptionalText("Operators__JwtAudience"),
            SignupSecrets = reader.List(
                "Webhooks__SignupSecrets",
                secret => StandardWebhookVerifier.DecodeSecret(secret) is not null,
                $"\"whsec_\" and {StandardWebhookVerifier.SecretForm}"),
            StripeSecrets = reader.List("Webhooks__StripeSecrets", secret => secret.Length >= 8, "Stripe's endpoint secret, whole"),
            StepAttempts = reader.Number("Operations__StepAttempts", 6, 1, 100),
            FirstRetryInterval = reader.Duration("Operations__FirstRetryInterval", TimeSpan.FromSeconds(1)),
            LongestRetryInterval = reader.Duration("Operations__LongestRetryInterval", TimeSpan.FromMinutes(1)),
            ServerPollInterval = reader.Duration("Servers__PollInterval", TimeSpan.FromMinutes(5)),
            ServerDeliveryDeadline = reader.Duration("Servers__DeliveryDeadline", TimeSpan.FromDays(3)),
            ServerInstallDeadline = reader.Duration("Servers__InstallDeadline", TimeSpan.FromDays(1)),
            Migrations = MigrationSettings.Read(reader),
            Failovers = FailoverSettings.Read(reader),
            Backups = BackupSettings.Read(reader),
            ServerTrustedNetworks = reader.OptionalText("Servers__TrustedNetworks") is null
                ? []
                : reader.List("Servers__TrustedNetworks", IsIpv4Network, "an IPv4 network such as 192.0.2.0/24"),
        };
        reader.Require(
            settings.ServerTrustedNetworks.Count <= MostTrustedNetworks,
            $"Servers__TrustedNetworks names {settings.ServerTrustedNetworks.Count} networks; a server's firewall has room for {MostTrustedNetworks}.");
        reader.Require(
            (settings.JwtAuthority is null) == (settings.JwtAudience is null),
            "Operators__JwtAuthority and Operators__JwtAudience go together: give both or neither.");
        reader.ThrowIfFaulty();
        return settings;
    }

    private static bool IsIpv4Network(string text) =>
        IPNetwork.TryParse(text, out var network) && network.BaseAddress.AddressFamily == AddressFamily.InterNetwork;
}

/// <summary>Adds <see cref="Settings"/> to the services, checked when the application starts.</summary>
public static class SettingsExtensions
{
    /// <summary>Shares the settings. They are checked when the application starts, together with its other options.</summary>
    public static IServiceCollection AddSettings(this IServiceCollection services, IConfiguration configuration)
    {
        services.AddSingleton(_ => Settings.Read(configuration));
        services.AddSingleton<IValidateOptions<SettingsValidator>>(new SettingsValidator(configuration));
        services.AddOptions<SettingsValidator>().ValidateOnStart();
        return services;
    }
}
