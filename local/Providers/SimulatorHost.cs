using System.Net;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Npgsql;
using WebHost.Local.Providers.Calls;
using WebHost.Local.Providers.Cloudflare;
using WebHost.Local.Providers.Control;
using WebHost.Local.Providers.Databases;
using WebHost.Local.Providers.Faults;
using WebHost.Local.Providers.Fly;
using WebHost.Local.Providers.Hetzner;
using WebHost.Local.Providers.Http;
using WebHost.Local.Providers.State;
using WebHost.Local.Providers.Upstash;

namespace WebHost.Local.Providers;

/// <summary>Builds the simulators' web application, on this machine's loopback address only.</summary>
public static class SimulatorHost
{
    /// <param name="port">Zero takes a free one.</param>
    /// <exception cref="InvalidOperationException">A setting is missing, or the server has no PostGIS.</exception>
    public static async Task<WebApplication> BuildAsync(SimulatorsOptions options, int port)
    {
        Require(nameof(SimulatorsOptions.Database), options.Database);
        Require(nameof(SimulatorsOptions.AdminDatabase), options.AdminDatabase);

        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.SetMinimumLevel(LogLevel.Warning);
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, port, Endpoint));
        builder.Services.AddSingleton(options);
        builder.Services.AddSingleton(_ => NpgsqlDataSource.Create(
            new NpgsqlConnectionStringBuilder(options.Database) { MaxPoolSize = 20 }));
        builder.Services.AddSingleton<ResourceStore>();
        builder.Services.AddSingleton<CallLog>();
        builder.Services.AddSingleton<FaultStore>();
        builder.Services.AddSingleton<RateLimits>();
        builder.Services.AddSingleton(services => new DatabaseServer(
            options.AdminDatabase, services.GetRequiredService<ILogger<DatabaseServer>>()));
        builder.Services.AddSingleton<RobotVendor>();
        builder.Services.AddSingleton<OrderEndpoints>();
        builder.Services.AddSingleton<ServerEndpoints>();
        builder.Services.AddSingleton<FlyVendor>();
        builder.Services.AddSingleton<FlyGraphQlVendor>();
        builder.Services.AddSingleton<FlyDatabases>();
        builder.Services.AddSingleton<MachineRuns>();
        builder.Services.AddHostedService(services => services.GetRequiredService<MachineRuns>());
        builder.Services.AddSingleton<AppEndpoints>();
        builder.Services.AddSingleton<VolumeEndpoints>();
        builder.Services.AddSingleton<MachineEndpoints>();
        builder.Services.AddSingleton<CertificateEndpoints>();
        builder.Services.AddSingleton<AddOnEndpoints>();
        builder.Services.AddSingleton<CloudflareVendor>();
        builder.Services.AddSingleton<DnsEndpoints>();
        builder.Services.AddSingleton<UpstashVendor>();
        builder.Services.AddSingleton<RedisEndpoints>();
        builder.Services.AddSingleton<ControlEndpoints>();

        var app = builder.Build();
        try
        {
            await app.Services.GetRequiredService<ResourceStore>().CreateSchemaAsync();
            await app.Services.GetRequiredService<DatabaseServer>().PrepareAsync();
        }
        catch
        {
            await app.DisposeAsync();
            throw;
        }

        app.UseRouting();
        app.UseMiddleware<VendorMiddleware>();
        app.Services.GetRequiredService<OrderEndpoints>().Map(app);
        app.Services.GetRequiredService<ServerEndpoints>().Map(app);
        app.Services.GetRequiredService<AppEndpoints>().Map(app);
        app.Services.GetRequiredService<VolumeEndpoints>().Map(app);
        app.Services.GetRequiredService<MachineEndpoints>().Map(app);
        app.Services.GetRequiredService<CertificateEndpoints>().Map(app);
        app.Services.GetRequiredService<AddOnEndpoints>().Map(app);
        app.Services.GetRequiredService<DnsEndpoints>().Map(app);
        app.Services.GetRequiredService<RedisEndpoints>().Map(app);
        app.Services.GetRequiredService<ControlEndpoints>().Map(app);
        return app;
    }

    private static void Endpoint(ListenOptions endpoint) => endpoint.Protocols = HttpProtocols.Http1;

    private static void Require(string setting, string value)
    {
        if (string.IsNullOrWhiteSpace(value))
        {
            throw new InvalidOperationException($"{SimulatorsOptions.Section}__{setting} is not set.");
        }
    }
}
