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
        AddFaults(faults, server.Database, server.Redis);
        Throw(faults);
    }

    /// <exception cref="ProblemException">422, with every fault.</exception>
    public static void ThrowIfAny(InstalledServer server)
    {
        var faults = new Dictionary<string, string[]>();
        AddFaults(faults, server.Database, server.Redis);
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

    /// <summary>422: what a new server's database answers to its administrator.</summary>
    public static ProblemException Of(ServerDatabaseException refused, NewServerDatabase database) =>
        refused.InnerException is PostgresException { SqlState: var state, MessageText: var message }
            ? Fault(
                state switch
                {
                    PostgresErrorCodes.InvalidPassword or PostgresErrorCodes.InvalidAuthorizationSpecification => "database.password",
                    PostgresErrorCodes.InvalidCatalogName => "database.name",
                    _ => "database",
                },
                $"{database.Host}:{database.Port} refuses {database.User} ({state}): {message}.")
            : Fault("database.host", $"{database.Host}:{database.Port} cannot be reached: {refused.Message.TrimEnd('.')}.");

    /// <summary>422: what a new server's database lacks.</summary>
    public static ProblemException Of(TenantDatabaseNotFitException lacking) => Fault("database", lacking.Message);

    private static ProblemException Fault(string member, string fault) =>
        ProblemException.Unprocessable(new Dictionary<string, string[]> { [member] = [fault] });

    private static void AddFaults(Dictionary<string, string[]> faults, NewServerDatabase? database, NewServerRedis? redis)
    {
        Require(faults, database is not null, "database", "Give the database: host, port, name, user and password.");
        if (database is not null)
        {
            Require(faults, !string.IsNullOrWhiteSpace(database.Host), "database.host", "Give the database's host.");
            Require(faults, IsPort(database.Port), "database.port", "Give the database's TCP port.");
            Require(faults, !string.IsNullOrWhiteSpace(database.Name), "database.name", "Give the database's name.");
            Require(faults, !string.IsNullOrWhiteSpace(database.User), "database.user", "Give the role that owns the database.");
            Require(faults, !string.IsNullOrEmpty(database.Password), "database.password", "Give that role's password.");
            Require(
                faults,
                database.SslMode is null || Enum.TryParse<SslMode>(database.SslMode, out _),
                "database.sslMode",
                $"One of: {string.Join(", ", Enum.GetNames<SslMode>())}.");
            RequireSha256(faults, database.CertificateSha256, "database.certificateSha256");
        }

        if (redis is not null)
        {
            Require(faults, !string.IsNullOrWhiteSpace(redis.Host), "redis.host", "Give the host of Redis.");
            Require(faults, IsPort(redis.Port), "redis.port", "Give the TCP port of Redis.");
            Require(faults, !string.IsNullOrWhiteSpace(redis.User), "redis.user", "Give the user that may make users.");
            Require(faults, !string.IsNullOrEmpty(redis.Password), "redis.password", "Give that user's password.");
            RequireSha256(faults, redis.CertificateSha256, "redis.certificateSha256");
        }
    }

    private static void RequireSha256(Dictionary<string, string[]> faults, string? hash, string member) => Require(
        faults,
        hash is null || (hash.Length == 64 && hash.All(char.IsAsciiHexDigit)),
        member,
        "Give the SHA-256 of the certificate as 64 hexadecimal digits.");

    private static bool IsPort(int port) => port is > 0 and <= 65535;

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
