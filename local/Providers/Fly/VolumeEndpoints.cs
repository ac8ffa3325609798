using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using WebHost.Local.Providers.Http;
using WebHost.Local.Providers.State;

namespace WebHost.Local.Providers.Fly;

/// <summary>Volumes: their names need not be unique, and a machine holds its own.</summary>
internal sealed partial class VolumeEndpoints(ResourceStore store, FlyVendor vendor, FlyDatabases databases)
{
    public void Map(IEndpointRouteBuilder routes)
    {
        routes.MapOperation(vendor, "ListVolumes", "GET", "/fly/v1/apps/{app}/volumes", ListAsync);
        routes.MapOperation(vendor, "CreateVolume", "POST", "/fly/v1/apps/{app}/volumes", CreateAsync);
        routes.MapOperation(vendor, "ExtendVolume", "PUT", "/fly/v1/apps/{app}/volumes/{volume}/extend", ExtendAsync);
        routes.MapOperation(vendor, "DeleteVolume", "DELETE", "/fly/v1/apps/{app}/volumes/{volume}", DeleteAsync);
    }

    [GeneratedRegex("^[a-z0-9_]{1,30}$")]
    private static partial Regex VolumeName();

    private static async Task<Resource> FindAsync(ResourceSession session, Call call) =>
        await session.FindAsync(FlyKinds.Volume, call.Route("volume")) is { } volume && volume.Parent == call.Route("app")
            ? volume
            : throw new Refusal(StatusCodes.Status404NotFound, "unknown", "volume not found");

    private Task<JsonNode?> ListAsync(Call call) => store.ReadAsync<JsonNode?>(async session =>
    {
        var app = await session.AppAsync(call.Route("app"));
        return new JsonArray([.. (await session.ListAsync(FlyKinds.Volume, app.Id)).Select(volume => (JsonNode)volume.Shown())]);
    });

    private async Task<JsonNode?> CreateAsync(Call call)
    {
        var body = await call.JsonAsync();
        return await store.ChangeAsync<JsonNode?>(FlyKinds.Scope(call.Route("app")), async session =>
        {
            var app = await session.AppAsync(call.Route("app"));
            var name = (string?)body["name"] ?? "";
            if (!VolumeName().IsMatch(name))
            {
                throw new Refusal(
                    StatusCodes.Status400BadRequest,
                    "unknown",
                    "name can only contain lowercase alphanumeric characters and underscores, and is at most 30 characters");
            }

            if ((string?)body["source_volume_id"] is { } source && await session.FindAsync(FlyKinds.Volume, source) is null)
            {
                throw new Refusal(StatusCodes.Status404NotFound, "unknown", "source volume not found");
            }

            var id = FlyIds.Volume();
            var volume = new Resource(FlyKinds.Volume, id, app.Id, name, new JsonObject
            {
                ["id"] = id,
                ["name"] = name,
                ["state"] = "created",
                ["region"] = (string?)body["region"] ?? "iad",
                ["size_gb"] = (int?)body["size_gb"] ?? 1,
                ["encrypted"] = (bool?)body["encrypted"] ?? true,
                ["snapshot_retention"] = (int?)body["snapshot_retention"] ?? 5,
                ["zone"] = "a1b2",
                ["created_at"] = FlyKinds.Now(),
            });
            await session.PutAsync(volume);
            return volume.Shown();
        });
    }

    private async Task<JsonNode?> ExtendAsync(Call call)
    {
        var size = (int?)(await call.JsonAsync())["size_gb"] ?? 0;
        return await store.ChangeAsync<JsonNode?>(FlyKinds.Scope(call.Route("app")), async session =>
        {
            var volume = await FindAsync(session, call);
            if (size < (int)volume.Body["size_gb"]!)
            {
                throw new Refusal(StatusCodes.Status400BadRequest, "unknown", "volumes cannot be made smaller");
            }

            volume.Body["size_gb"] = size;
            await session.PutAsync(volume);
            return new JsonObject { ["needs_restart"] = volume.Text("attached_machine_id") is not null, ["volume"] = volume.Shown() };
        });
    }

    private Task<JsonNode?> DeleteAsync(Call call) => store.ChangeAsync<JsonNode?>(FlyKinds.Scope(call.Route("app")), async session =>
    {
        var volume = await FindAsync(session, call);
        if (volume.Text("attached_machine_id") is { } machine)
        {
            throw new Refusal(
                StatusCodes.Status412PreconditionFailed,
                "unknown",
                $"failed_precondition: volume is currently bound to machine: {machine}");
        }

        await session.RemoveAsync(volume);
        await databases.SettleAsync(session, volume.Parent);
        var shown = volume.Shown();
        shown["state"] = "pending_destroy";
        return shown;
    });
}
