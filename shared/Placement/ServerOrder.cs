namespace WebHost.Placement;

/// <summary>A shared server that should be, or is being, ordered from Hetzner.</summary>
public sealed record ServerOrder
{
    /// <summary>Its id.</summary>
    public required Guid Id { get; init; }

    /// <summary>Hetzner's product: "AX52".</summary>
    public required string Product { get; init; }

    /// <summary>Hetzner's location code, lower case.</summary>
    public required string Location { get; init; }

    /// <summary>Where it is.</summary>
    public required ServerOrderState State { get; init; }

    /// <summary>Why it is needed.</summary>
    public required string Reason { get; init; }

    /// <summary>When the need was seen, UTC.</summary>
    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>The operation that carries it out, once it is approved.</summary>
    public Guid? OperationId { get; init; }

    /// <summary>The net price in euros a month above which nothing is bought.</summary>
    public decimal? MonthlyCeilingEur { get; init; }

    /// <summary>The net setup fee in euros above which nothing is bought.</summary>
    public decimal? SetupCeilingEur { get; init; }

    /// <summary>Robot's transaction, once it is placed.</summary>
    public string? TransactionId { get; init; }

    /// <summary>Robot's number of the server, once it is delivered.</summary>
    public int? ServerNumber { get; init; }

    /// <summary>The server's public address, once it is delivered.</summary>
    public string? ServerIp { get; init; }

    /// <summary>The server's database, once it is installed.</summary>
    public Guid? DatabaseId { get; init; }

    /// <summary>The server's Redis, once it is installed and if it has one.</summary>
    public ServerRedis? Redis { get; init; }

    /// <summary>Our name for the server: the same however often the order is taken up.</summary>
    public string ServerName => $"webhost-{Location}-{Id.ToString("n")[24..]}";
}
