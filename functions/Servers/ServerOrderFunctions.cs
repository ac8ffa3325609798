using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Microsoft.Azure.Functions.Worker;
using Microsoft.DurableTask.Client;
using WebHost.Callers;
using WebHost.Configuration;
using WebHost.Json;
using WebHost.OpenApi;
using WebHost.Placement;
using WebHost.Problems;
using WebHost.Security;
using WebHost.States;

namespace WebHost.Servers;

/// <summary>Where operators decide about further shared servers, and where a new one reports that it is installed.</summary>
public sealed class ServerOrderFunctions(
    CallerAuthentication callers, ServerOrders orders, ServerOrdering ordering, SecretStore secrets, Settings settings)
{
    private const string Bearer = "Bearer ";

    /// <summary>Orders of further servers.</summary>
    [Function("ListServerOrders")]
    [Endpoint("List servers that should be, or are being, ordered", Tag = "Servers", Caller = "operator", Response = typeof(Page<ServerOrder>))]
    public async Task<IActionResult> List(
        [HttpTrigger(AuthorizationLevel.Anonymous, "get", Route = "servers/orders")] HttpRequest request,
        CancellationToken cancellationToken)
    {
        await callers.RequireOperatorAsync(request, cancellationToken);
        return Requests.Answer(new Page<ServerOrder>(await orders.ListAsync(cancellationToken), null));
    }

    /// <summary>Approves an order: from here on it costs money.</summary>
    [Function("ApproveServerOrder")]
    [Endpoint("Buy a server, up to a price, and take it into service", Tag = "Servers", Caller = "operator", Request = typeof(ServerOrderApproval), Response = typeof(ServerOrderStarted), Status = 202)]
    public async Task<IActionResult> Approve(
        [HttpTrigger(AuthorizationLevel.Anonymous, "post", Route = "servers/orders/{orderId:guid}/approve")] HttpRequest request,
        [DurableClient] DurableTaskClient client,
        Guid orderId,
        CancellationToken cancellationToken)
    {
        await callers.RequireOperatorAsync(request, cancellationToken);
        var approval = await request.ReadJsonAsync<ServerOrderApproval>(cancellationToken);
        ServerFaults.ThrowIfAny(approval);
        var order = await FindAsync(orderId, cancellationToken);
        if (settings.ServerTrustedNetworks.Count == 0)
        {
            throw ProblemException.Conflict(
                "The new server's firewall would let nobody in: set Servers__TrustedNetworks to where this application's calls come from.");
        }

        var operationId = await ordering.ApproveAsync(
            client, orderId, approval.MonthlyCeilingEur, approval.SetupCeilingEur, cancellationToken)
            ?? throw ProblemException.Conflict(
                $"Order {orderId} is {WireName.Of(order.State)}; only one that awaits approval, or failed, can be approved.");
        return Requests.Answer(
            new ServerOrderStarted(operationId, $"/api/operations/{operationId}"), StatusCodes.Status202Accepted);
    }

    /// <summary>Gives an order up; what was bought is given back.</summary>
    [Function("CancelServerOrder")]
    [Endpoint("Give an order up, and its server back", Tag = "Servers", Caller = "operator", Response = typeof(ServerOrder), Status = 202)]
    public async Task<IActionResult> Cancel(
        [HttpTrigger(AuthorizationLevel.Anonymous, "post", Route = "servers/orders/{orderId:guid}/cancel")] HttpRequest request,
        [DurableClient] DurableTaskClient client,
        Guid orderId,
        CancellationToken cancellationToken)
    {
        await callers.RequireOperatorAsync(request, cancellationToken);
        try
        {
            await ordering.CancelAsync(client, await FindAsync(orderId, cancellationToken), cancellationToken);
        }
        catch (WrongTransitionException)
        {
            throw ProblemException.Conflict($"The server of order {orderId} is in service; its tenants must be moved first.");
        }

        return Requests.Answer(await FindAsync(orderId, cancellationToken), StatusCodes.Status202Accepted);
    }

    /// <summary>What it takes to install a delivered server. Every call makes a new token, in place of the last one.</summary>
    [Function("PostServerInstallation")]
    [Endpoint("Get the key and the token with which a delivered server is installed", Tag = "Servers", Caller = "operator", Response = typeof(ServerInstallation))]
    public async Task<IActionResult> PostInstallation(
        [HttpTrigger(AuthorizationLevel.Anonymous, "post", Route = "servers/orders/{orderId:guid}/installation")] HttpRequest request,
        Guid orderId,
        CancellationToken cancellationToken)
    {
        await callers.RequireOperatorAsync(request, cancellationToken);
        var order = await FindAsync(orderId, cancellationToken);
        var token = await orders.IssueTokenAsync(orderId, cancellationToken)
            ?? throw ProblemException.Conflict(
                $"Order {orderId} is {WireName.Of(order.State)}, and no installation is awaited: its server is not delivered yet, or reported already.");
        return Requests.Answer(new ServerInstallation(
            order.ServerIp!,
            "root",
            await secrets.GetAsync(PlaceOrder.KeySecret(orderId), cancellationToken),
            $"{request.Scheme}://{request.Host}/api/servers/installed",
            token));
    }

    /// <summary>A new server says where its database and Redis are.</summary>
    [Function("PostServerInstalled")]
    [Endpoint("Report, as a server that has just been installed, where its database and Redis are", Tag = "Servers", Caller = "server", Request = typeof(InstalledServer), Status = 204)]
    public async Task<IActionResult> PostInstalled(
        [HttpTrigger(AuthorizationLevel.Anonymous, "post", Route = "servers/installed")] HttpRequest request,
        [DurableClient] DurableTaskClient client,
        CancellationToken cancellationToken)
    {
        var header = request.Headers.Authorization.ToString();
        var order = header.StartsWith(Bearer, StringComparison.OrdinalIgnoreCase)
            ? await orders.FindByTokenAsync(header[Bearer.Length..].Trim(), cancellationToken)
            : null;
        if (order is null)
        {
            throw ProblemException.Unauthorized(
                "Show the token of POST /api/servers/orders/{id}/installation as Authorization: Bearer. It works once, and a newer one ends it.");
        }

        var installed = await request.ReadJsonAsync<InstalledServer>(cancellationToken);
        ServerFaults.ThrowIfAny(installed);
        await ordering.NoteInstalledAsync(client, order, installed, cancellationToken);
        return new NoContentResult();
    }

    private async Task<ServerOrder> FindAsync(Guid orderId, CancellationToken cancellationToken) =>
        await orders.FindAsync(orderId, cancellationToken)
        ?? throw ProblemException.NotFound($"There is no server order {orderId}. GET /api/servers/orders lists them.");
}

/// <summary>What an operator agrees to pay.</summary>
/// <param name="MonthlyCeilingEur">Net euros a month, IPv4 address included; nothing dearer is bought.</param>
/// <param name="SetupCeilingEur">Net euros once; nothing dearer is bought.</param>
public sealed record ServerOrderApproval(decimal MonthlyCeilingEur, decimal SetupCeilingEur);

/// <summary>The answer to an approval.</summary>
/// <param name="OperationId">The operation that carries the order out.</param>
/// <param name="StatusUrl">Where to watch it.</param>
public sealed record ServerOrderStarted(Guid OperationId, string StatusUrl);

/// <summary>What it takes to install a delivered server.</summary>
/// <param name="Address">Where it is.</param>
/// <param name="User">Whom to log in as.</param>
/// <param name="SshKey">The private key that logs in: PEM.</param>
/// <param name="ReportTo">Where the server reports.</param>
/// <param name="Token">With what.</param>
public sealed record ServerInstallation(string Address, string User, string SshKey, string ReportTo, string Token)
{
    /// <summary>Leaves the secrets out.</summary>
    public override string ToString() => $"{nameof(ServerInstallation)} {{ {User}@{Address} }}";
}
