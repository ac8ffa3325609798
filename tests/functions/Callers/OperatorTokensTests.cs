using System.Security.Cryptography;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;
using WebHost.Callers;
using WebHost.Configuration;
using WebHost.Security;

namespace WebHost.Functions.Tests.Callers;

public sealed class OperatorTokensTests : IAsyncLifetime
{
    private const string Audience = "webhost";

    private static readonly RsaSecurityKey Key = new(RSA.Create(2048)) { KeyId = "k1" };
    private static readonly RsaSecurityKey Stranger = new(RSA.Create(2048)) { KeyId = "k1" };

    private WebApplication _issuer = null!;
    private string _authority = "";
    private OperatorTokens _tokens = null!;

    public async ValueTask InitializeAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        _issuer = builder.Build();
        _issuer.Urls.Add("http://127.0.0.1:0");
        _issuer.MapGet("/.well-known/openid-configuration", () => Results.Json(new { issuer = _authority, jwks_uri = _authority + "/keys" }));
        _issuer.MapGet("/keys", () =>
        {
            var published = JsonWebKeyConverter.ConvertFromRSASecurityKey(new RsaSecurityKey(Key.Rsa.ExportParameters(false)) { KeyId = Key.KeyId });
            return Results.Json(new { keys = new[] { new { kty = published.Kty, kid = published.Kid, n = published.N, e = published.E } } });
        });
        await _issuer.StartAsync();
        _authority = _issuer.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First();
        _tokens = new OperatorTokens(SettingsOf(new Uri(_authority)));
    }

    public async ValueTask DisposeAsync() => await _issuer.DisposeAsync();

    [Fact]
    public async Task Token_of_the_issuer_for_our_audience_is_an_operators() =>
        Assert.True(await _tokens.IsValidAsync(Token(Key), default));

    [Fact]
    public async Task Token_signed_by_somebody_else_is_not() => Assert.False(await _tokens.IsValidAsync(Token(Stranger), default));

    [Fact]
    public async Task Token_for_another_audience_is_not() =>
        Assert.False(await _tokens.IsValidAsync(Token(Key, audience: "another"), default));

    [Fact]
    public async Task Token_of_another_issuer_is_not() =>
        Assert.False(await _tokens.IsValidAsync(Token(Key, issuer: "https://another.example"), default));

    [Fact]
    public async Task Token_past_its_time_is_not() =>
        Assert.False(await _tokens.IsValidAsync(Token(Key, expires: DateTime.UtcNow.AddMinutes(-10)), default));

    [Fact]
    public async Task Unsigned_token_is_not()
    {
        var unsigned = new JsonWebTokenHandler { SetDefaultTimesOnTokenCreation = true }
            .CreateToken(new SecurityTokenDescriptor { Issuer = _authority, Audience = Audience });

        Assert.False(await _tokens.IsValidAsync(unsigned, default));
    }

    [Theory]
    [InlineData("")]
    [InlineData("x")]
    [InlineData("a.b.c")]
    public async Task What_is_no_token_is_not(string text) => Assert.False(await _tokens.IsValidAsync(text, default));

    [Fact]
    public async Task Without_a_configured_issuer_no_token_is_an_operators() =>
        Assert.False(await new OperatorTokens(SettingsOf(null)).IsValidAsync(Token(Key), default));

    private string Token(RsaSecurityKey key, string audience = Audience, string? issuer = null, DateTime? expires = null) =>
        new JsonWebTokenHandler().CreateToken(new SecurityTokenDescriptor
        {
            Issuer = issuer ?? _authority,
            Audience = audience,
            NotBefore = DateTime.UtcNow.AddHours(-1),
            Expires = expires ?? DateTime.UtcNow.AddMinutes(5),
            SigningCredentials = new SigningCredentials(key, SecurityAlgorithms.RsaSha256),
        });

    private static Settings SettingsOf(Uri? authority) => new()
    {
        ControlDatabase = "",
        ServiceBus = "",
        BlobStorage = "",
        TenantDomain = "",
        Secrets = SecretProtector.FromSetting("k1:MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="),
        OperatorKeys = [],
        SignupSecrets = [],
        StripeSecrets = [],
        StepAttempts = 1,
        FirstRetryInterval = TimeSpan.FromSeconds(1),
        LongestRetryInterval = TimeSpan.FromSeconds(1),
        JwtAuthority = authority,
        JwtAudience = authority is null ? null : Audience,
    };
}
