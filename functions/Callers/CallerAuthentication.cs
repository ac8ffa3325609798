using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Http;
using WebHost.Configuration;
using WebHost.Problems;
using WebHost.Security;

namespace WebHost.Callers;

/// <summary>
/// Says who calls. Operators show a key (x-functions-key or ?code=) or a token of the configured issuer, tenants their API
/// key as a bearer token. The application decides this itself, since a host's function key could not tell an operator from
/// a tenant.
/// </summary>
public sealed class CallerAuthentication(Settings settings, ApiKeyStore apiKeys, OperatorTokens tokens)
{
    private const string KeyHeader = "x-functions-key";
    private const string KeyQuery = "code";
    private const string Bearer = "Bearer ";

    private readonly byte[][] _operatorKeys = [.. settings.OperatorKeys.Select(Digest)];

    /// <summary>Lets operators pass.</summary>
    /// <exception cref="ProblemException">401 without valid credentials, 403 with a tenant's.</exception>
    public async Task RequireOperatorAsync(HttpRequest request, CancellationToken cancellationToken)
    {
        if (!await IsOperatorAsync(request, cancellationToken))
        {
            throw await FindTenantAsync(request, cancellationToken) is null
                ? ProblemException.Unauthorized($"Show an operator's key in the header {KeyHeader}, or an operator's token as Authorization: Bearer.")
                : ProblemException.Forbidden("This is for operators; a tenant's key does not open it.");
        }
    }

    /// <summary>Lets operators and the tenant itself pass.</summary>
    /// <exception cref="ProblemException">401 without valid credentials, 403 with another tenant's.</exception>
    public async Task RequireTenantAsync(HttpRequest request, Guid tenantId, CancellationToken cancellationToken)
    {
        if (await IsOperatorAsync(request, cancellationToken))
        {
            return;
        }

        var caller = await FindTenantAsync(request, cancellationToken)
            ?? throw ProblemException.Unauthorized(
                $"Show the tenant's API key as Authorization: Bearer, or an operator's key in the header {KeyHeader}.");
        if (caller != tenantId)
        {
            throw ProblemException.Forbidden("This API key belongs to another tenant.");
        }
    }

    private async Task<bool> IsOperatorAsync(HttpRequest request, CancellationToken cancellationToken)
    {
        var key = request.Headers[KeyHeader].ToString() is { Length: > 0 } header ? header : request.Query[KeyQuery].ToString();
        if (key.Length > 0)
        {
            var digest = Digest(key);
            return Array.Exists(_operatorKeys, known => CryptographicOperations.FixedTimeEquals(known, digest));
        }

        return BearerToken(request) is { } token && await tokens.IsValidAsync(token, cancellationToken);
    }

    private async Task<Guid?> FindTenantAsync(HttpRequest request, CancellationToken cancellationToken) =>
        BearerToken(request) is { } token ? await apiKeys.FindTenantAsync(token, cancellationToken) : null;

    private static string? BearerToken(HttpRequest request) =>
        request.Headers.Authorization.ToString() is { } header && header.StartsWith(Bearer, StringComparison.OrdinalIgnoreCase)
            ? header[Bearer.Length..].Trim()
            : null;

    private static byte[] Digest(string key) => SHA256.HashData(Encoding.UTF8.GetBytes(key));
}
