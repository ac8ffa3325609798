namespace WebHost.Providers.Hetzner;

/// <summary>An order to be placed, which costs real money.</summary>
/// <param name="ProductId">Such as <c>AX52</c>.</param>
/// <param name="Location">Such as <c>FSN1</c>.</param>
/// <param name="Distribution">What is preinstalled: one of the names that the product offers.</param>
/// <param name="KeyName">The name of an SSH key used for this order only.</param>
/// <param name="PublicKey">That key in OpenSSH's form. An order carries no other mark by which to know it again.</param>
/// <param name="MonthlyCeiling">The net price in euros a month, IPv4 included, above which nothing is ordered.</param>
/// <param name="SetupCeiling">The net setup fee in euros above which nothing is ordered.</param>
public sealed record HetznerOrderRequest(
    string ProductId,
    string Location,
    string Distribution,
    string KeyName,
    string PublicKey,
    decimal MonthlyCeiling,
    decimal SetupCeiling);
