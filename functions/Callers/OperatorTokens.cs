using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Protocols;
using Microsoft.IdentityModel.Protocols.OpenIdConnect;
using Microsoft.IdentityModel.Tokens;
using WebHost.Configuration;

namespace WebHost.Callers;

/// <summary>Checks operators' JSON Web Tokens against the issuer's published keys (OpenID Connect discovery).</summary>
public sealed class OperatorTokens
{
    private readonly JsonWebTokenHandler _handler = new();
    private readonly TokenValidationParameters? _parameters;

    /// <summary>Accepts tokens of the configured issuer; none when no issuer is configured.</summary>
    public OperatorTokens(Settings settings)
    {
        if (settings.JwtAuthority is not { } authority)
        {
            return;
        }

        _parameters = new TokenValidationParameters
        {
            ValidAudience = settings.JwtAudience,
            ConfigurationManager = new ConfigurationManager<OpenIdConnectConfiguration>(
                new Uri(authority, authority.AbsolutePath.TrimEnd('/') + "/.well-known/openid-configuration").AbsoluteUri,
                new OpenIdConnectConfigurationRetriever(),
                new HttpDocumentRetriever { RequireHttps = !authority.IsLoopback }),
        };
    }

    /// <summary>Whether the token is an operator's: issued by the authority for our audience, and in its time.</summary>
    public async Task<bool> IsValidAsync(string token, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        return _parameters is not null
            && _handler.CanReadToken(token)
            && (await _handler.ValidateTokenAsync(token, _parameters)).IsValid;
    }
}
