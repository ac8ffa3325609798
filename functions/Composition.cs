using Azure.Messaging.ServiceBus;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;
using WebHost.Callers;
using WebHost.Configuration;
using WebHost.Data;
using WebHost.Fleet;
using WebHost.Gps;
using WebHost.Gps.Ingestion;
using WebHost.Migration;
using WebHost.Monitoring;
using WebHost.Operations;
using WebHost.Placement;
using WebHost.Providers;
using WebHost.Provisioning;
using WebHost.Provisioning.Hetzner;
using WebHost.Security;
using WebHost.Signup;
using WebHost.Tenants;

namespace WebHost;

/// <summary>What the functions are made of.</summary>
public static class Composition
{
    /// <summary>Adds every service of the application.</summary>
    public static IServiceCollection AddWebHost(this IServiceCollection services, IConfiguration configuration)
    {
        var settings = services.AddSettings(configuration);
        services.AddProviders(configuration);
        services.AddMemoryCache();
        services.AddSingleton(TimeProvider.System);

        services.AddSingleton(_ => new ControlDatabase(NpgsqlDataSource.Create(settings.ControlDatabase)));
        services.AddSingleton<SchemaMigrator>();
        services.AddHostedService<ControlSchema>();
        services.AddSingleton(_ => new ServiceBusClient(settings.ServiceBus));

        services.AddSingleton(settings.Secrets);
        services.AddSingleton<SecretStore>();
        services.AddSingleton<ApiKeyStore>();
        services.AddSingleton<OperatorTokens>();
        services.AddSingleton<CallerAuthentication>();
        services.AddSingleton(provider =>
            new StandardWebhookVerifier(settings.SignupSecrets, provider.GetRequiredService<TimeProvider>()));
        services.AddSingleton(provider =>
            new StripeSignatureVerifier(settings.StripeSecrets, provider.GetRequiredService<TimeProvider>()));

        services.AddSingleton<TenantStore>();
        services.AddSingleton<PlacementStore>();
        services.AddSingleton<PlacementCache>();
        services.AddSingleton<ServerStore>();
        services.AddSingleton<ServerOrders>();
        services.AddSingleton<ServerRegistration>();
        services.AddSingleton<TenantDatabaseStore>();
        services.AddSingleton<TenantDatabaseSetup>();
        services.AddSingleton<TenantConnections>();
        services.AddSingleton<TenantSessions>();
        services.AddSingleton<PartitionKeeper>();
        services.AddSingleton<AlertStore>();
        services.AddSingleton<HealthChecks>();

        services.AddSingleton<OperationStore>();
        services.AddSingleton<OperationStarter>();
        services.AddSingleton<StepRunner>();
        services.AddSingleton<SignupIntake>();
        services.AddSingleton<SlotOffers>();

        services.AddSingleton<VehicleStore>();
        services.AddSingleton<GeofenceStore>();
        services.AddSingleton<DeviceStore>();
        services.AddSingleton<TrackReader>();
        services.AddSingleton<GpsParser>();
        services.AddPointIngestion(settings);
        services.AddTenantMoves(settings);
        return services;
    }
}
