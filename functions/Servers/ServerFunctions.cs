using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Microsoft.Azure.Functions.Worker;
using Microsoft.DurableTask.Client;
using WebHost.Callers;
using WebHost.OpenApi;
using WebHost.Placement;
using WebHost.Provisioning.Hetzner;

namespace WebHost.Servers;

/// <summary>Where operators take shared servers into service.</summary>
public sealed class ServerFunctions(
    CallerAuthentication callers, ServerStore servers, ServerRegistration registration, SlotOffers offers)
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
        ServerFaults.ThrowIfAny(added);
        var (server, created) = await RegisterAsync(added, cancellationToken);
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

    private async Task<(Server Server, bool Created)> RegisterAsync(NewServer added, CancellationToken cancellationToken)
    {
        try
        {
            return await registration.RegisterAsync(added, cancellationToken);
        }
        catch (ServerDatabaseException refused)
        {
            throw ServerFaults.Of(refused, added.Database);
        }
        catch (TenantDatabaseNotFitException lacking)
        {
            throw ServerFaults.Of(lacking);
        }
    }
}
