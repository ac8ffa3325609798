using Refit;

namespace WebHost.Providers.Hetzner;

/// <summary>Hetzner's Robot web service, the calls we make. Bodies are forms; answers are JSON wrapped in one key.</summary>
internal interface IRobotApi
{
    [Get("/order/server/product/{productId}")]
    Task<ProductAnswer> GetProduct(string productId, CancellationToken cancellationToken);

    [Get("/order/server/transaction")]
    Task<IReadOnlyList<TransactionAnswer>> ListOrders(CancellationToken cancellationToken);

    [Get("/order/server/transaction/{id}")]
    Task<TransactionAnswer> GetOrder(string id, CancellationToken cancellationToken);

    [Post("/order/server/transaction")]
    Task<TransactionAnswer> CreateOrder([Body] HttpContent form, CancellationToken cancellationToken);

    [Get("/server")]
    Task<IReadOnlyList<ServerAnswer>> ListServers(CancellationToken cancellationToken);

    [Get("/server/{number}")]
    Task<ServerAnswer> GetServer(int number, CancellationToken cancellationToken);

    [Post("/server/{number}")]
    Task<ServerAnswer> RenameServer(int number, [Body] HttpContent form, CancellationToken cancellationToken);

    [Get("/server/{number}/cancellation")]
    Task<CancellationAnswer> GetCancellation(int number, CancellationToken cancellationToken);

    [Post("/server/{number}/cancellation")]
    Task<CancellationAnswer> CancelServer(int number, [Body] HttpContent form, CancellationToken cancellationToken);

    [Delete("/server/{number}/cancellation")]
    Task WithdrawCancellation(int number, CancellationToken cancellationToken);

    [Get("/key")]
    Task<IReadOnlyList<KeyAnswer>> ListKeys(CancellationToken cancellationToken);

    [Post("/key")]
    Task<KeyAnswer> CreateKey([Body] HttpContent form, CancellationToken cancellationToken);

    [Get("/boot/{number}/linux")]
    Task<LinuxAnswer> GetLinux(int number, CancellationToken cancellationToken);

    [Post("/boot/{number}/linux")]
    Task<LinuxAnswer> ActivateLinux(int number, [Body] HttpContent form, CancellationToken cancellationToken);

    [Post("/reset/{number}")]
    Task ResetServer(int number, [Body] HttpContent form, CancellationToken cancellationToken);

    [Get("/firewall/{number}")]
    Task<FirewallAnswer> GetFirewall(int number, CancellationToken cancellationToken);

    [Post("/firewall/{number}")]
    Task<FirewallAnswer> SetFirewall(int number, [Body] HttpContent form, CancellationToken cancellationToken);
}
