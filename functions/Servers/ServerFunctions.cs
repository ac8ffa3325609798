using System.Net;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Microsoft.Azure.Functions.Worker;
using Microsoft.DurableTask.Client;
using WebHost.Callers;
using WebHost.OpenApi;
using WebHost.Placement;
using WebHost.Problems;
using WebHost.Provisioning.Hetzner;

namespace WebHost.Servers;

/// <summary>Where operators take shared servers into service.</summary>
public sealed class ServerFunctions(
    CallerAuthentication callers, ServerStore servers, ServerOrders orders, ServerRegistration registration, SlotOffers offers)
{
    /// <summary>Registers an installed server; tenants that wait for a slot are told.</summary>
    [Function("PostServer")]
    [Endpoint("Take an installed shared server into service", Tag = "Servers", Caller = "operator", Request = typeof(NewServer), Response = typeof(Server), Status = 201)]
    public async Task<IActionResult> Post(
        [HttpTrigger(AuthorizationLevel.Anonymous, "post", Route = "servers")] HttpRequest request,
        [DurableClient] DurableTaskClient client,
        CancellationToken cancellationToken)
    {
        await callers.RequireOperatorAsync(request, cancellationToken);
        var added = await request.ReadJsonAsync<NewServer>(cancellationToken);
        Check(added);
        var (server, created) = await registration.RegisterAsync(added, cancellationToken);
        await offers.OfferAsync(client, cancellationToken);
        return Requests.Answer(server, created ? StatusCodes.Status201Created : StatusCodes.Status200OK);
    }

    /// <summary>The shared servers with their slots.</summary>
    [Function("ListServers")]
    [Endpoint("List shared servers and how full they are", Tag = "Servers", Caller = "operator", Response = typeof(Page<Server>))]
    public async Task<IActionResult> List(
        [HttpTrigger(AuthorizationLevel.Anonymous, "get", Route = "servers")] HttpRequest request,
        CancellationToken cancellationToken)
    {
        await callers.RequireOperatorAsync(request, cancellationToken);
        return Requests.Answer(new Page<Server>(await servers.ListAsync(cancellationToken), null));
    }

    /// <summary>Orders of further servers that wait for approval.</summary>
    [Function("ListServerOrders")]
    [Endpoint("List servers that should be ordered", Tag = "Servers", Caller = "operator", Response = typeof(Page<ServerOrder>))]
    public async Task<IActionResult> ListOrders(
        [HttpTrigger(AuthorizationLevel.Anonymous, "get", Route = "servers/orders")] HttpRequest request,
        CancellationToken cancellationToken)
    {
        await callers.RequireOperatorAsync(request, cancellationToken);
        return Requests.Answer(new Page<ServerOrder>(await orders.ListAsync(cancellationToken), null));
    }

    private static void Check(NewServer server)
    {
        var faults = new Dictionary<string, string[]>();
        void Require(bool condition, string member, string fault)
        {
            if (!condition)
            {
                faults[member] = [fault];
            }
        }

        Require(!string.IsNullOrWhiteSpace(server.Name), "name", "Give the server a name.");
        Require(server.ProviderServerNumber > 0, "providerServerNumber", "Give Hetzner's number of the server.");
        Require(!string.IsNullOrWhiteSpace(server.Region), "region", "Give Hetzner's location code, such as fsn1.");
        Require(IPAddress.TryParse(server.Address, out _), "address", "Give the server's public IP address.");
        Require(
            server.Capacity is >= 1 and <= Server.MaximumCapacity, "capacity",
            $"A server holds 1 to {Server.MaximumCapacity} tenants.");
        Require(server.Database is not null, "database", "Give the database: host, port, name, user and password.");
        if (server.Database is { } database)
        {
            Require(!string.IsNullOrWhiteSpace(database.Host), "database.host", "Give the database's host.");
            Require(database.Port is > 0 and <= 65535, "database.port", "Give the database's TCP port.");
            Require(!string.IsNullOrWhiteSpace(database.Name), "database.name", "Give the database's name.");
            Require(!string.IsNullOrWhiteSpace(database.User), "database.user", "Give the role that owns the database.");
            Require(!string.IsNullOrEmpty(database.Password), "database.password", "Give that role's password.");
            Require(
                database.SslMode is null || Enum.TryParse<Npgsql.SslMode>(database.SslMode, out _), "database.sslMode",
                $"One of: {string.Join(", ", Enum.GetNames<Npgsql.SslMode>())}.");
        }

        if (faults.Count > 0)
        {
            throw ProblemException.Unprocessable(faults);
        }
    }
}
