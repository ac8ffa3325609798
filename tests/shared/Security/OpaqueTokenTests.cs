using WebHost.Security;

namespace WebHost.Tests.Security;

public sealed class OpaqueTokenTests
{
    [Theory]
    [InlineData(TokenKind.Device, "wht_")]
    [InlineData(TokenKind.TenantKey, "whk_")]
    public void Generate_makes_a_prefixed_token_of_256_bits_that_fits_a_path(TokenKind kind, string prefix)
    {
        var token = OpaqueToken.Generate(kind);

        Assert.Matches($"^{prefix}[A-Za-z0-9_-]{{43}}$", token);
        Assert.True(OpaqueToken.IsWellFormed(kind, token));
    }

    [Fact]
    public void Generate_never_makes_the_same_token_twice() =>
        Assert.Distinct(Enumerable.Range(0, 1_000).Select(_ => OpaqueToken.Generate(TokenKind.Device)));

    [Fact]
    public void IsWellFormed_another_kind_or_length_or_alphabet_is_not()
    {
        var token = OpaqueToken.Generate(TokenKind.Device);

        Assert.False(OpaqueToken.IsWellFormed(TokenKind.TenantKey, token));
        Assert.False(OpaqueToken.IsWellFormed(TokenKind.Device, token.AsSpan(0, token.Length - 1)));
        Assert.False(OpaqueToken.IsWellFormed(TokenKind.Device, token + "A"));
        Assert.False(OpaqueToken.IsWellFormed(TokenKind.Device, token[..10] + "+" + token[11..]));
        Assert.False(OpaqueToken.IsWellFormed(TokenKind.Device, ""));
    }

    [Fact]
    public void Redact_leaves_nothing_of_a_token_wherever_it_stands()
    {
        var device = OpaqueToken.Generate(TokenKind.Device);
        var key = OpaqueToken.Generate(TokenKind.TenantKey);

        var text = OpaqueToken.Redact($"GET /api/gps/{device}?key={key}&lat=1 cut: {device[..12]}");

        Assert.Equal("GET /api/gps/wht_***?key=whk_***&lat=1 cut: wht_***", text);
    }
}
