using System.Globalization;

namespace WebHost.Providers.Hetzner;

/// <summary>Orders dedicated servers: twenty calls a day, real money, and no key that would make a repeat harmless.</summary>
/// <remarks>
/// Each order uses an SSH key of its own. A repeat looks for an order with that key among those of the last 30 days and
/// adopts it; the call that places an order is never repeated blindly.
/// </remarks>
public sealed class HetznerOrders
{
    // Without it the server comes with no IPv4 address.
    private const string Ipv4Addon = "primary_ipv4";

    private readonly IRobotApi _api;

    internal HetznerOrders(IRobotApi api)
    {
        _api = api;
    }

    /// <summary>What a product costs at a location now.</summary>
    /// <exception cref="ProviderException">
    /// <see cref="ProviderErrorKind.Capacity"/> when it cannot be had there; <see cref="ProviderErrorKind.NotFound"/> when there
    /// is no such product.
    /// </exception>
    public async Task<HetznerQuote> QuoteAsync(
        string productId, string location, CancellationToken cancellationToken = default)
    {
        var product = (await _api.GetProduct(productId, cancellationToken)).Product;
        var price = product.Location.Contains(location) ? product.Prices.FirstOrDefault(offer => offer.Location == location) : null;
        if (price is null)
        {
            throw Refuse(
                nameof(IRobotApi.GetProduct),
                ProviderErrorKind.Capacity,
                $"{productId} is not offered in {location}, only in: {string.Join(", ", product.Location)}");
        }

        var ipv4 = product.OrderableAddons?.FirstOrDefault(addon => addon.Id == Ipv4Addon)
            ?.Prices.FirstOrDefault(offer => offer.Location == location);
        return new HetznerQuote(
            productId,
            location,
            Euros(price.Price) + (ipv4 is null ? 0 : Euros(ipv4.Price)),
            Euros(price.PriceSetup) + (ipv4 is null ? 0 : Euros(ipv4.PriceSetup)),
            product.Dist);
    }

    /// <summary>The order with the request's key: found when it was placed before, placed when it was not.</summary>
    /// <exception cref="ProviderException">
    /// <see cref="ProviderErrorKind.Permanent"/> when it would cost more than the ceilings allow;
    /// <see cref="ProviderErrorKind.Capacity"/> when it cannot be had there.
    /// </exception>
    public async Task<HetznerOrder> EnsureOrderAsync(HetznerOrderRequest request, CancellationToken cancellationToken = default)
    {
        var fingerprint = await EnsureKeyAsync(request.KeyName, request.PublicKey, cancellationToken);
        if (await FindByKeyAsync(fingerprint, cancellationToken) is { } placed)
        {
            return placed;
        }

        var quote = await QuoteAsync(request.ProductId, request.Location, cancellationToken);
        if (quote.Monthly > request.MonthlyCeiling || quote.Setup > request.SetupCeiling)
        {
            throw Refuse(
                nameof(IRobotApi.CreateOrder),
                ProviderErrorKind.Permanent,
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"{request.ProductId} in {request.Location} costs {quote.Monthly} EUR a month and {quote.Setup} EUR once; approved are {request.MonthlyCeiling} and {request.SetupCeiling}"));
        }

        // No comment: it would send the order to manual processing.
        var form = new RobotForm()
            .Add("product_id", request.ProductId)
            .Add("location", request.Location)
            .Add("dist", request.Distribution)
            .Add("lang", "en")
            .AddList("authorized_key", [fingerprint])
            .AddList("addon", [Ipv4Addon]);
        return Describe((await _api.CreateOrder(form.ToContent(), cancellationToken)).Transaction);
    }

    /// <summary>The order of that transaction, or null.</summary>
    /// <exception cref="ProviderException">Robot refused or did not answer.</exception>
    public async Task<HetznerOrder?> FindAsync(string id, CancellationToken cancellationToken = default) =>
        await ProviderErrors.NullWhenAbsentAsync(_api.GetOrder(id, cancellationToken)) is { } answer
            ? Describe(answer.Transaction)
            : null;

    private static HetznerOrder Describe(Transaction transaction) => new(
        transaction.Id,
        transaction.Status switch
        {
            "ready" => HetznerOrderState.Ready,
            "cancelled" => HetznerOrderState.Cancelled,
            _ => HetznerOrderState.InProcess,
        },
        transaction.ServerNumber,
        transaction.ServerIp,
        [.. (transaction.HostKey ?? []).Select(answer => answer.Key.Fingerprint)]);

    private static decimal Euros(Price price) => decimal.Parse(price.Net, CultureInfo.InvariantCulture);

    private static ProviderException Refuse(string operation, ProviderErrorKind kind, string reason) =>
        new(RobotErrors.Name, operation, new ProviderError(kind, reason));

    private async Task<HetznerOrder?> FindByKeyAsync(string fingerprint, CancellationToken cancellationToken)
    {
        var orders = await ProviderErrors.NullWhenAbsentAsync(_api.ListOrders(cancellationToken));
        return (orders ?? [])
            .Select(answer => answer.Transaction)
            .Where(order => order.Status != "cancelled" && (order.AuthorizedKey ?? []).Any(key => key.Key.Fingerprint == fingerprint))
            .OrderBy(order => order.Date)
            .Select(Describe)
            .FirstOrDefault();
    }

    private async Task<string> EnsureKeyAsync(string name, string publicKey, CancellationToken cancellationToken)
    {
        if (await FindKeyAsync(publicKey, cancellationToken) is { } present)
        {
            return present;
        }

        try
        {
            var form = new RobotForm().Add("name", name).Add("data", publicKey);
            return (await _api.CreateKey(form.ToContent(), cancellationToken)).Key.Fingerprint;
        }
        catch (ProviderException error) when (error.Code == RobotErrors.KeyAlreadyExists)
        {
            if (await FindKeyAsync(publicKey, cancellationToken) is { } other)
            {
                return other;
            }

            throw;
        }
    }

    private async Task<string?> FindKeyAsync(string publicKey, CancellationToken cancellationToken)
    {
        var keys = await ProviderErrors.NullWhenAbsentAsync(_api.ListKeys(cancellationToken));
        return (keys ?? [])
            .Select(answer => answer.Key)
            .FirstOrDefault(key => key.Data is { } data && KeyMaterial(data) == KeyMaterial(publicKey))?.Fingerprint;
    }

    // Type and key; what follows is a comment that Robot may drop.
    private static string KeyMaterial(string publicKey) =>
        string.Join(' ', publicKey.Split(' ', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).Take(2));
}
