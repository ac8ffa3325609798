using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Text.Json;
using WebHost.Local.Run.Devices;
using WebHost.Local.Run.Display;
using WebHost.Local.Run.Drives;
using WebHost.Local.Run.Launch;

namespace WebHost.Local.Run.Story;

/// <summary>
/// The main job, from outside: two fleets sign up, are provisioned, drive and look, and neither sees the other. Everything
/// goes over HTTP; only the last proof looks into the databases.
/// </summary>
internal sealed class StoryPlayer(ConnectionFile connection, IStoryDisplay display, TimeProvider time) : IDisposable
{
    private const int TraccarPoints = 300;
    private const int OsmAndPoints = 260;
    private static readonly TimeSpan FixInterval = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan PollInterval = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan ProvisioningDeadline = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan ArrivalDeadline = TimeSpan.FromSeconds(60);

    private readonly FleetApi _operator = FleetApi.ForOperator(connection.Url, connection.OperatorKey);
    private readonly FleetApi _anybody = FleetApi.ForAnybody(connection.Url);
    private readonly Verifier _verify = new(display);

    /// <exception cref="StoryException">The application did something from which the story cannot go on.</exception>
    public async Task<StoryOutcome> PlayAsync(CancellationToken cancellation)
    {
        var courier = await PlayFleetAsync(FleetPlan.Courier, seed: 1, cancellation);
        var freight = await PlayFleetAsync(FleetPlan.Freight, seed: 2, cancellation);
        display.Heading("Neither sees the other");
        await new IsolationProof(connection, _verify).RunAsync(courier, freight, cancellation);
        return new([courier, freight], _verify.Verified, _verify.Deviations);
    }

    public void Dispose()
    {
        _operator.Dispose();
        _anybody.Dispose();
    }

    private async Task<RegisteredFleet> PlayFleetAsync(FleetPlan plan, int seed, CancellationToken cancellation)
    {
        display.Heading($"{plan.Company} signs up");
        var tenant = await SignUpAsync(plan, cancellation);
        var fleet = await RegisterAsync(plan, tenant, seed, cancellation);
        await DriveAsync(fleet, cancellation);
        await LookAsync(fleet, cancellation);
        return fleet;
    }

    private async Task<Tenant> SignUpAsync(FleetPlan plan, CancellationToken cancellation)
    {
        var clock = Stopwatch.StartNew();
        var now = time.GetUtcNow();
        var body = JsonSerializer.Serialize(new { type = "customer.signup", timestamp = now, data = plan.Signup });
        var accepted = await _anybody.SendAsync<Accepted>(
            SignupWebhook.Request(
                new Uri(connection.Url, "api/signups"), connection.WebhookSecret, $"msg_{Guid.NewGuid():n}", now, body),
            HttpStatusCode.Accepted,
            cancellation);
        var decided = await _operator.GetAsync<DecidedTenant>($"api/tenants/{accepted.TenantId}", cancellation);
        display.Say($"Plan {decided.Recommendation.Plan}, because");
        foreach (var reason in decided.Recommendation.Reasons)
        {
            display.Say($"  {reason.Text} ({reason.Rule})");
        }

        var operation = await display.FollowAsync(show => FollowAsync(accepted.OperationId, show, cancellation));
        if (operation.State != "succeeded")
        {
            throw new StoryException(
                $"Provisioning {plan.Company}: expected succeeded, found {operation.State}: {operation.Error}");
        }

        var tenant = await _operator.GetAsync<Tenant>($"api/tenants/{accepted.TenantId}", cancellation);
        var home = tenant.Infrastructure;
        display.Say(
            $"Lives on {home.Provider} in {home.Region}, {home.Server ?? home.App}, database {home.Database}, "
            + $"as {tenant.Hostname} (epoch {tenant.Epoch.ToString(CultureInfo.InvariantCulture)}); "
            + $"ready {Seconds(clock.Elapsed)} after its signup");
        _verify.Equal("The tenant is active", "active", tenant.State);
        _verify.Equal("It has the mode that it needs", plan.ExpectedMode, tenant.Mode);
        _verify.Equal("It lives at the provider for that mode", plan.ExpectedProvider, home.Provider);
        return tenant;
    }

    private async Task<Operation> FollowAsync(string id, Action<Operation> show, CancellationToken cancellation)
    {
        var clock = Stopwatch.StartNew();
        while (true)
        {
            var operation = await _operator.GetAsync<Operation>($"api/operations/{id}", cancellation);
            show(operation);
            if (operation.IsOver)
            {
                return operation;
            }

            if (clock.Elapsed > ProvisioningDeadline)
            {
                throw new StoryException(
                    $"Operation {id}: expected an end within {Seconds(ProvisioningDeadline)}, found {operation.State}");
            }

            await Task.Delay(PollInterval, cancellation);
        }
    }

    private async Task<RegisteredFleet> RegisterAsync(
        FleetPlan plan, Tenant tenant, int seed, CancellationToken cancellation)
    {
        var key = await _operator.PostAsync<CreatedKey>(
            $"api/tenants/{tenant.Id}/keys", null, HttpStatusCode.Created, cancellation);
        using var api = FleetApi.ForTenant(connection.Url, key.Key);

        // Whole seconds: Traccar Client sends no more than those. OsmAnd's clock has milliseconds.
        var start = DateTimeOffset.FromUnixTimeSeconds(time.GetUtcNow().ToUnixTimeSeconds())
            - FixInterval * Math.Max(TraccarPoints, OsmAndPoints);
        var devices = new[]
        {
            await RegisterDeviceAsync(
                api, tenant, plan.TraccarVan, "Traccar Client", "knots",
                address => new TraccarClient(address, "48241179"),
                Drive.Along(plan.TraccarVan.Route, start, FixInterval, TraccarPoints, seed), cancellation),
            await RegisterDeviceAsync(
                api, tenant, plan.OsmAndVan, "OsmAnd", "m/s",
                address => new OsmAndApp(address),
                Drive.Along(plan.OsmAndVan.Route, start.AddMilliseconds(437), FixInterval, OsmAndPoints, seed + 100),
                cancellation),
        };
        return new(plan, tenant, key.Key, devices);
    }

    private async Task<DrivenDevice> RegisterDeviceAsync(
        FleetApi api,
        Tenant tenant,
        FleetVehicle vehicle,
        string app,
        string speedUnit,
        Func<Uri, Device> make,
        IReadOnlyList<Fix> drive,
        CancellationToken cancellation)
    {
        await api.PutAsync($"api/tenants/{tenant.Id}/vehicles/{vehicle.Id}", new { name = vehicle.Name, plate = vehicle.Plate }, cancellation);
        var device = await api.PostAsync<CreatedDevice>(
            $"api/tenants/{tenant.Id}/devices",
            new { name = $"{app} in {vehicle.Name}", vehicleId = vehicle.Id, speedUnit },
            HttpStatusCode.Created,
            cancellation);
        display.Say($"{app} rides in {vehicle.Name}: {vehicle.Route.Name}");
        return new(device.DeviceId, app, make(new Uri(connection.Url, $"api/gps/{device.Token}")), drive);
    }

    private async Task DriveAsync(RegisteredFleet fleet, CancellationToken cancellation)
    {
        var clock = Stopwatch.StartNew();
        await display.CountAsync("Points posted", fleet.Points, posted =>
            Task.WhenAll(fleet.Devices.Select(device => DrivePoster.PostAsync(device, posted, cancellation))));
        display.Say(
            $"{fleet.Points} points posted one at a time by two devices in {Seconds(clock.Elapsed)}");
    }

    private async Task LookAsync(RegisteredFleet fleet, CancellationToken cancellation)
    {
        using var api = FleetApi.ForTenant(connection.Url, fleet.Key);
        var clock = Stopwatch.StartNew();
        var tracks = new List<(DrivenDevice Device, IReadOnlyList<Fix> Sent, IReadOnlyList<TrackPoint> Found)>();
        foreach (var device in fleet.Devices)
        {
            var sent = device.Drive.Select(device.Device.AsSent).ToList();
            tracks.Add((device, sent, await ReadTrackAsync(api, fleet, device, cancellation)));
        }

        display.Say($"All there {Seconds(clock.Elapsed)} after the last was posted");
        foreach (var (device, sent, found) in tracks)
        {
            _verify.None(
                $"The track of {device.Name} is what was sent: {sent.Count} points, each time, position, speed and course",
                TrackComparison.Differences(sent, found));
        }

        var latest = await api.GetFeaturesAsync($"api/tenants/{fleet.Tenant.Id}/positions", cancellation);
        _verify.Equal("There is one latest position a device", tracks.Count, latest.Count);
        foreach (var (device, sent, _) in tracks)
        {
            _verify.None(
                $"The latest position of {device.Name} is the last one sent",
                TrackComparison.Differences([sent[^1]], [.. latest.Where(point => point.DeviceId == device.Id)]));
        }
    }

    /// <summary>Reads a device's track, again until as many points have come as were sent.</summary>
    private static async Task<IReadOnlyList<TrackPoint>> ReadTrackAsync(
        FleetApi api, RegisteredFleet fleet, DrivenDevice device, CancellationToken cancellation)
    {
        var from = Uri.EscapeDataString(device.Drive[0].Time.AddSeconds(-1).ToString("O", CultureInfo.InvariantCulture));
        var to = Uri.EscapeDataString(device.Drive[^1].Time.AddSeconds(1).ToString("O", CultureInfo.InvariantCulture));
        var clock = Stopwatch.StartNew();
        while (true)
        {
            var points = await api.GetFeaturesAsync(
                $"api/tenants/{fleet.Tenant.Id}/tracks/{device.Id}?from={from}&to={to}", cancellation);
            if (points.Count >= device.Drive.Count || clock.Elapsed > ArrivalDeadline)
            {
                return points;
            }

            await Task.Delay(PollInterval, cancellation);
        }
    }

    private static string Seconds(TimeSpan duration) =>
        string.Create(CultureInfo.InvariantCulture, $"{duration.TotalSeconds:0.0} s");
}
