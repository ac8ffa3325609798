using WebHost.Local.Providers.Databases;
using WebHost.Local.Providers.State;

namespace WebHost.Local.Providers.Fly;

/// <summary>The database of an app whose machines run PostgreSQL: a real one, named after the app.</summary>
internal sealed class FlyDatabases(DatabaseServer server)
{
    private const string Image = "postgres-flex";
    private const string PasswordSecret = "OPERATOR_PASSWORD";

    public static bool RunsPostgres(Resource machine) =>
        ((string?)machine.Body["config"]?["image"])?.Contains(Image, StringComparison.Ordinal) == true;

    /// <summary>Starts PostgreSQL on a machine: the first time with an empty database.</summary>
    /// <returns>Why the machine fails instead; null when it does not.</returns>
    public async Task<string?> StartAsync(Resource app, Resource machine)
    {
        if (!RunsPostgres(machine))
        {
            return null;
        }

        if ((string?)app.Body["_secrets"]?[PasswordSecret] is not { Length: > 0 } password)
        {
            return $"secret {PasswordSecret} is not set";
        }

        await server.EnsureAsync(app.Id, password);
        return null;
    }

    /// <summary>
    /// Brings the database where the app's machines and volumes say: up while a machine runs it, down while only its data is
    /// left, gone with the last of them.
    /// </summary>
    public async Task SettleAsync(ResourceSession session, string app)
    {
        var machines = (await session.ListAsync(FlyKinds.Machine, app))
            .Where(machine => RunsPostgres(machine) && machine.Text("state") != "destroyed")
            .ToList();
        var volumes = await session.ListAsync(FlyKinds.Volume, app);
        if (machines.Any(machine => machine.Text("state") == "started"))
        {
            return;
        }

        if (machines.Count + volumes.Count > 0)
        {
            await server.SetUpAsync(app, up: false);
        }
        else if (await server.ExistsAsync(app))
        {
            await server.DropAsync(app);
        }
    }
}
