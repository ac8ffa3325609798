using System.Net;
using Npgsql;
using WebHost.Placement;
using WebHost.Problems;

namespace WebHost.Servers;

/// <summary>Finds every fault of what is said about a server at once.</summary>
internal static class ServerFaults
{
    /// <exception cref="ProblemException">422, with every fault.</exception>
    public static void ThrowIfAny(NewServer server)
    {
        var faults = new Dictionary<string, string[]>();
        Require(faults, !string.IsNullOrWhiteSpace(server.Name), "name", "Give the server a name.");
        Require(faults, server.ProviderServerNumber > 0, "providerServerNumber", "Give Hetzner's number of the server.");
        Require(faults, !string.IsNullOrWhiteSpace(server.Region), "region", "Give Hetzner's location code, such as fsn1.");
        Require(faults, IPAddress.TryParse(server.Address, out _), "address", "Give the server's public IP address.");
        Require(
            faults,
            server.Capacity is >= 1 and <= Server.MaximumCapacity,
            "capacity",
            $"A server holds 1 to {Server.MaximumCapacity} tenants.");
        Require(faults, server.Database is not null, "database", "Give the database: host, port, name, user and password.");
        if (server.Database is { } database)
        {
            AddFaults(faults, database, "database.");
        }

        Throw(faults);
    }

    /// <exception cref="ProblemException">422, with every fault.</exception>
    public static void ThrowIfAny(NewServerDatabase database)
    {
        var faults = new Dictionary<string, string[]>();
        AddFaults(faults, database, "");
        Throw(faults);
    }

    /// <exception cref="ProblemException">422, with every fault.</exception>
    public static void ThrowIfAny(ServerOrderApproval approval)
    {
        var faults = new Dictionary<string, string[]>();
        Require(faults, approval.MonthlyCeilingEur > 0, "monthlyCeilingEur", "Say what the server may cost a month: net euros, IPv4 address included.");
        Require(faults, approval.SetupCeilingEur >= 0, "setupCeilingEur", "Say what the server may cost once: net euros.");
        Throw(faults);
    }

    private static void AddFaults(Dictionary<string, string[]> faults, NewServerDatabase database, string prefix)
    {
        Require(faults, !string.IsNullOrWhiteSpace(database.Host), prefix + "host", "Give the database's host.");
        Require(faults, database.Port is > 0 and <= 65535, prefix + "port", "Give the database's TCP port.");
        Require(faults, !string.IsNullOrWhiteSpace(database.Name), prefix + "name", "Give the database's name.");
        Require(faults, !string.IsNullOrWhiteSpace(database.User), prefix + "user", "Give the role that owns the database.");
        Require(faults, !string.IsNullOrEmpty(database.Password), prefix + "password", "Give that role's password.");
        Require(
            faults,
            database.SslMode is null || Enum.TryParse<SslMode>(database.SslMode, out _),
            prefix + "sslMode",
            $"One of: {string.Join(", ", Enum.GetNames<SslMode>())}.");
    }

    private static void Require(Dictionary<string, string[]> faults, bool condition, string member, string fault)
    {
        if (!condition)
        {
            faults[member] = [fault];
        }
    }

    private static void Throw(Dictionary<string, string[]> faults)
    {
        if (faults.Count > 0)
        {
            throw ProblemException.Unprocessable(faults);
        }
    }
}
