using CsCheck;
using WebHost.Security;

namespace WebHost.Tests.Security;

public sealed class SecretProtectorTests
{
    private const string OldKey = "k1:AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyA=";
    private const string NewKey = "k2:ICEiIyQlJicoKSorLC0uLzAxMjM0NTY3ODk6Ozw9Pj8=";

    [Fact]
    public void Unprotect_any_text_comes_back_as_it_was() =>
        Gen.Select(Gen.String[Gen.Char['!', '\u04ff'], 1, 40], Gen.String[Gen.Char['\0', '\u04ff'], 0, 200]).Sample(
            (name, secret) =>
            {
                var protector = SecretProtector.FromSetting(OldKey);

                Assert.Equal(secret, protector.Unprotect(name, protector.Protect(name, secret)));
            },
            iter: 500);

    [Fact]
    public void Protect_the_same_secret_twice_looks_different_and_shows_nothing()
    {
        var protector = SecretProtector.FromSetting(OldKey);

        var first = protector.Protect("tenant/7/database", "correct horse");

        Assert.NotEqual(first, protector.Protect("tenant/7/database", "correct horse"));
        Assert.StartsWith("v1.k1.", first, StringComparison.Ordinal);
        Assert.DoesNotContain("horse", first, StringComparison.Ordinal);
    }

    [Fact]
    public void Unprotect_after_a_rotation_still_opens_what_the_old_key_closed()
    {
        var stored = SecretProtector.FromSetting(OldKey).Protect("name", "secret");
        var rotated = SecretProtector.FromSetting($"{NewKey}, {OldKey}");

        Assert.Equal("secret", rotated.Unprotect("name", stored));
        Assert.Equal("v1.k2.", rotated.CurrentPrefix);
        Assert.StartsWith("v1.k2.", rotated.Protect("name", "secret"), StringComparison.Ordinal);
    }

    [Fact]
    public void Unprotect_with_a_key_that_is_not_configured_names_the_key_to_add()
    {
        var stored = SecretProtector.FromSetting(OldKey).Protect("name", "secret");

        var error = Assert.Throws<SecretProtectionException>(
            () => SecretProtector.FromSetting(NewKey).Unprotect("name", stored));

        Assert.Contains("master key k1, which is not configured", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Unprotect_with_another_key_of_the_same_id_says_that_it_does_not_open()
    {
        var stored = SecretProtector.FromSetting(OldKey).Protect("name", "secret");
        var imposter = SecretProtector.FromSetting(NewKey.Replace("k2", "k1", StringComparison.Ordinal));

        Assert.Contains(
            "does not open with the master key k1",
            Assert.Throws<SecretProtectionException>(() => imposter.Unprotect("name", stored)).Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public void Unprotect_under_another_name_is_refused()
    {
        var protector = SecretProtector.FromSetting(OldKey);
        var stored = protector.Protect("tenant/7/database", "secret");

        Assert.Throws<SecretProtectionException>(() => protector.Unprotect("tenant/8/database", stored));
    }

    [Fact]
    public void Unprotect_any_altered_character_is_refused()
    {
        var protector = SecretProtector.FromSetting(OldKey);
        var stored = protector.Protect("name", "a secret of some length");

        Gen.Select(Gen.Int[0, stored.Length - 2], Gen.Char['-', 'z']).Where((at, c) => stored[at] != c).Sample((at, c) =>
            Assert.Throws<SecretProtectionException>(
                () => protector.Unprotect("name", stored[..at] + c + stored[(at + 1)..])), iter: 1_000);
    }

    [Theory]
    [InlineData("")]
    [InlineData("v1.k1")]
    [InlineData("v1.k1.AAAA")]
    [InlineData("v2.k1.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")]
    [InlineData("v1.k1.not base64url but quite long enough to be one")]
    public void Unprotect_what_was_never_protected_is_refused(string stored) =>
        Assert.Throws<SecretProtectionException>(() => SecretProtector.FromSetting(OldKey).Unprotect("name", stored));

    [Theory]
    [InlineData("")]
    [InlineData("AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyA=")]
    [InlineData("k.1:AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyA=")]
    [InlineData("k1:AQIDBAUGBwgJCgsMDQ4PEA==")]
    [InlineData("k1:AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyAh")]
    [InlineData("k1:secret-not-base64")]
    [InlineData(OldKey + "," + OldKey)]
    public void FromSetting_that_cannot_be_read_is_refused_without_quoting_a_key(string setting)
    {
        var error = Assert.Throws<FormatException>(() => SecretProtector.FromSetting(setting));

        Assert.DoesNotContain("AQID", error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("secret-not", error.Message, StringComparison.Ordinal);
    }
}
