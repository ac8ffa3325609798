using System.Globalization;
using System.Net;
using System.Text.Json;
using WebHost.Scenarios.Callers;
using WebHost.Scenarios.Hosting;
using WebHost.Testing;

namespace WebHost.Scenarios.Gps;

/// <summary>A device that posts.</summary>
internal sealed record Tracker(Guid TenantId, Guid DeviceId, string Token);

/// <summary>A point as it is read back.</summary>
internal sealed record ReadPoint(
    DateTimeOffset Time, double Latitude, double Longitude, double? Altitude, double? Speed, double? Course,
    double? Accuracy, double? Battery);

/// <summary>Registering devices, posting points, reading them back.</summary>
internal static class FleetCalls
{
    public static async Task<Tracker> AddDeviceAsync(this LocalApp app, Guid tenantId, object? device = null)
    {
        var created = (await app.Operator.PostAsync($"api/tenants/{tenantId}/devices", device ?? new { name = "Tracker" }))
            .Expect(HttpStatusCode.Created).Json;
        return new Tracker(tenantId, created.GetProperty("deviceId").GetGuid(), created.Text("token"));
    }

    /// <summary>Posts our own JSON.</summary>
    public static Task<Answer> PostPointsAsync(this LocalApp app, Tracker tracker, object points) =>
        app.Anybody.PostAsync($"api/gps/{tracker.Token}", points);

    /// <summary>A point in our own JSON.</summary>
    public static object Point(DateTimeOffset time, double latitude, double longitude) =>
        new { time, lat = latitude, lon = longitude };

    /// <summary>The whole track, page by page.</summary>
    public static async Task<List<ReadPoint>> ReadTrackAsync(this LocalApp app, Tracker tracker, int limit = 10_000)
    {
        var points = new List<ReadPoint>();
        string? page = $"/api/tenants/{tracker.TenantId}/tracks/{tracker.DeviceId}?limit={limit}";
        while (page is not null)
        {
            var collection = (await app.Operator.GetAsync(page)).Expect(HttpStatusCode.OK).Json;
            points.AddRange(collection.GetProperty("features").EnumerateArray().Select(Read));
            page = collection.MaybeText("next");
        }

        return points;
    }

    /// <summary>Waits until the track has so many points; then it is the whole track.</summary>
    public static Task<List<ReadPoint>> WaitForTrackAsync(this LocalApp app, Tracker tracker, int count) =>
        Eventually.GetAsync(
            async () => await app.ReadTrackAsync(tracker) is var track && track.Count >= count ? track : null,
            SignupCalls.Patience,
            string.Create(CultureInfo.InvariantCulture, $"{count} points of {tracker.DeviceId}"));

    public static async Task<JsonElement?> FindPositionAsync(this LocalApp app, Tracker tracker)
    {
        var positions = (await app.Operator.GetAsync($"api/tenants/{tracker.TenantId}/positions")).Expect(HttpStatusCode.OK);
        Assert.Equal("application/geo+json", positions.ContentType);
        return positions.Json.GetProperty("features").EnumerateArray()
            .Where(feature => feature.GetProperty("id").GetGuid() == tracker.DeviceId)
            .Select(feature => (JsonElement?)feature).SingleOrDefault();
    }

    /// <summary>A value other than a coordinate as it is kept: in single precision, of which seven digits are shown.</summary>
    public static double? AsKept(double? value) => (double?)(decimal?)(float?)value;

    public static ReadPoint Read(JsonElement feature)
    {
        var at = feature.GetProperty("geometry").GetProperty("coordinates");
        var properties = feature.GetProperty("properties");
        return new ReadPoint(
            properties.GetProperty("time").GetDateTimeOffset(),
            at[1].GetDouble(),
            at[0].GetDouble(),
            at.GetArrayLength() > 2 ? at[2].GetDouble() : null,
            Number("speed"),
            Number("course"),
            Number("accuracy"),
            Number("battery"));

        double? Number(string name) => properties.TryGetProperty(name, out var value) ? value.GetDouble() : null;
    }
}
