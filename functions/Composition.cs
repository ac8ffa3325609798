using Azure.Messaging.ServiceBus;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;
using WebHost.Backups;
using WebHost.Callers;
using WebHost.Configuration;
using WebHost.Data;
using WebHost.Emergency;
using WebHost.Fleet;
using WebHost.Gps;
using WebHost.Gps.Allowances;
using WebHost.Gps.Ingestion;
using WebHost.Gps.Quarantine;
using WebHost.Migration;
using WebHost.Monitoring;
using WebHost.Operations;
using WebHost.Placement;
using WebHost.Providers;
using WebHost.Provisioning;
using WebHost.Provisioning.Hetzner;
using WebHost.Quotas;
using WebHost.Retention;
using WebHost.Security;
using WebHost.Servers;
using WebHost.Signup;
using WebHost.Tenants;

namespace WebHost;

/// <summary>What the functions are made of.</summary>
public static class Composition
{
    /// <summary>Adds every service of the application.</summary>
    public static IServiceCollection AddWebHost(this IServiceCollection services, IConfiguration configuration)
    {
        services.AddSettings(configuration);
        services.AddProviders(configuration);
        services.AddMemoryCache();
        services.AddSingleton(TimeProvider.System);

        // A worker's web server refuses bodies over 30 MB by itself, which is less than most plans may upload. Each function
        // has a limit of its own, and the host in front of it one for all.
        services.Configure<KestrelServerOptions>(kestrel => kestrel.Limits.MaxRequestBodySize = null);

        services.AddSingleton(provider =>
            new ControlDatabase(NpgsqlDataSource.Create(provider.GetRequiredService<Settings>().ControlDatabase)));
        services.AddSingleton<SchemaMigrator>();
        services.AddHostedService<ControlSchema>();
        services.AddSingleton(provider => new ServiceBusClient(provider.GetRequiredService<Settings>().ServiceBus));

        services.AddSingleton(provider => provider.GetRequiredService<Settings>().Secrets);
        services.AddSingleton<SecretStore>();
        services.AddSingleton<SecretKeeper>();
        services.AddSingleton<ApiKeyStore>();
        services.AddSingleton<OperatorTokens>();
        services.AddSingleton<CallerAuthentication>();
        services.AddSingleton(provider => new StandardWebhookVerifier(
            provider.GetRequiredService<Settings>().SignupSecrets, provider.GetRequiredService<TimeProvider>()));
        services.AddSingleton(provider => new StripeSignatureVerifier(
            provider.GetRequiredService<Settings>().StripeSecrets, provider.GetRequiredService<TimeProvider>()));

        services.AddSingleton<TenantStore>();
        services.AddSingleton<PlacementStore>();
        services.AddSingleton<PlacementCache>();
        services.AddSingleton<ServerStore>();
        services.AddSingleton<ServerOrders>();
        services.AddSingleton<ServerRegistration>();
        services.AddSingleton<SharedRedis>();
        services.AddSingleton<TenantDatabaseStore>();
        services.AddSingleton<TenantDatabaseSetup>();
        services.AddSingleton<TenantConnections>();
        services.AddSingleton<TenantSessions>();
        services.AddSingleton<PartitionKeeper>();
        services.AddHostedService<TenantSchemaKeeper>();
        services.AddSingleton<StorageKeeper>();
        services.AddSingleton<PositionIndexKeeper>();
        services.AddSingleton<RetentionKeeper>();
        services.AddSingleton<RetentionHold>();
        services.AddSingleton<AlertStore>();
        services.AddSingleton<HealthChecks>();
        services.AddSingleton<DatabaseHealthStore>();
        services.AddSingleton<DatabaseProbe>();
        services.AddSingleton<DatabaseWatch>();

        services.AddSingleton<OperationStore>();
        services.AddSingleton<OperationStarter>();
        services.AddSingleton<StepRunner>();
        services.AddSingleton<StepHooks>();
        services.AddSingleton<SignupIntake>();
        services.AddSingleton<SlotOffers>();
        services.AddSingleton<ServerOrdering>();
        services.AddSingleton<MoveSteps>();
        services.AddSingleton<MoveIntake>();
        services.AddSingleton<HomeProof>();
        services.AddSingleton<HomeRetention>();
        services.AddSingleton<ShippingBack>();
        services.AddSingleton<BackupIntake>();
        services.AddSingleton<RestoreIntake>();
        services.AddSingleton<FailoverSteps>();
        services.AddSingleton<QuickFence>();
        services.AddSingleton<FailoverPlanner>();
        services.AddSingleton<FailoverIntake>();
        services.AddSingleton<ServerFailoverIntake>();
        services.AddSingleton<FailoverDecisions>();

        services.AddSingleton<VehicleStore>();
        services.AddSingleton<GeofenceStore>();
        services.AddSingleton<DeviceStore>();
        services.AddSingleton<KnownDevices>();
        services.AddSingleton<TrackerStore>();
        services.AddSingleton<TrackReader>();
        services.AddSingleton<GpsParser>();
        services.AddPointIngestion();
        services.AddSingleton<PointAllowances>();
        services.AddHostedService(provider => provider.GetRequiredService<PointAllowances>());
        services.AddSingleton<QuarantineStore>();
        services.AddSingleton<QuarantineReplay>();
        services.AddTenantMoves();
        services.AddTenantBackups();
        services.AddEmergencies();
        return services;
    }
}
