using WebHost.Data;

namespace WebHost.Placement;

/// <summary>A server that should be ordered from the vendor.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Product">The vendor's product: "AX52".</param>
/// <param name="Location">The vendor's location code.</param>
/// <param name="State">"awaiting-approval": nothing is bought before an operator approves.</param>
/// <param name="Reason">Why it is needed.</param>
/// <param name="CreatedAt">When the need was seen, UTC.</param>
public sealed record ServerOrder(
    Guid Id, string Product, string Location, string State, string Reason, DateTimeOffset CreatedAt);

/// <summary>Orders that wait for an operator's approval, in the control database: one a location at most.</summary>
public sealed class ServerOrders(ControlDatabase control)
{
    private const string Product = "AX52";
    private const string AwaitingApproval = "awaiting-approval";

    /// <summary>Prepares an order unless one for the location is already waiting.</summary>
    public async Task PrepareAsync(string location, string reason, CancellationToken cancellationToken)
    {
        await using var connection = await control.OpenAsync(cancellationToken);
        await connection.Sql(
            """
            INSERT INTO server_orders (product, location, state, reason) VALUES ($1, $2, $3, $4)
            ON CONFLICT (location) WHERE state = 'awaiting-approval' DO NOTHING
            """,
            Product, location, AwaitingApproval, reason).RunAsync(cancellationToken);
    }

    /// <summary>All orders, newest first.</summary>
    public async Task<IReadOnlyList<ServerOrder>> ListAsync(CancellationToken cancellationToken)
    {
        await using var connection = await control.OpenAsync(cancellationToken);
        return await connection.Sql(
            "SELECT id, product, location, state, reason, created_at FROM server_orders ORDER BY created_at DESC")
            .ListAsync(
                row => new ServerOrder(
                    row.GetGuid(0), row.GetString(1), row.GetString(2), row.GetString(3), row.GetString(4),
                    row.GetFieldValue<DateTimeOffset>(5)),
                cancellationToken);
    }
}
