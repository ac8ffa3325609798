namespace WebHost.Providers.Hetzner;

internal sealed record ProductAnswer(Product Product);

internal sealed record Product(
    string Id,
    string Name,
    IReadOnlyList<string> Dist,
    IReadOnlyList<string> Location,
    IReadOnlyList<ProductPrice> Prices,
    IReadOnlyList<Addon>? OrderableAddons);

internal sealed record Addon(string Id, IReadOnlyList<ProductPrice> Prices);

internal sealed record ProductPrice(string Location, Price Price, Price PriceSetup);

// Decimal numbers in strings, in euros.
internal sealed record Price(string Net, string Gross);

internal sealed record TransactionAnswer(Transaction Transaction);

internal sealed record Transaction(
    string Id,
    DateTimeOffset Date,
    string Status,
    int? ServerNumber,
    string? ServerIp,
    IReadOnlyList<KeyAnswer>? AuthorizedKey,
    IReadOnlyList<KeyAnswer>? HostKey,
    TransactionProduct Product);

internal sealed record TransactionProduct(string Id, string? Location);

internal sealed record ServerAnswer(Server Server);

internal sealed record Server(
    int ServerNumber, string? ServerIp, string ServerName, string Product, string Dc, string Status, bool Cancelled);

internal sealed record CancellationAnswer(Cancellation Cancellation);

internal sealed record Cancellation(DateOnly EarliestCancellationDate, bool Cancelled, DateOnly? CancellationDate);

internal sealed record KeyAnswer(Key Key);

internal sealed record Key(string Fingerprint, string? Name, string? Data);

internal sealed record LinuxAnswer(Linux Linux);

// "dist" is a list until an installation is active, then one word: we only ask whether one is.
internal sealed record Linux(bool Active);

internal sealed record FirewallAnswer(Firewall Firewall);

internal sealed record Firewall(string Status);
