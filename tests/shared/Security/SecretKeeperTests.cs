using Microsoft.Extensions.Logging.Abstractions;
using WebHost.Data;
using WebHost.Monitoring;
using WebHost.Security;
using WebHost.Tests.Placement;

namespace WebHost.Tests.Security;

public sealed class SecretKeeperTests(ControlFixture fixture) : IClassFixture<ControlFixture>
{
    // The fixture's own secrets are encrypted with the first.
    private const string OldKey = "k1:MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=";
    private const string NewKey = "k2:YWJjZGVmZ2hpamtsbW5vcHFyc3R1dnd4eXoxMjM0NTY=";
    private const string ForgottenKey = "k0:enl4d3Z1dHNycXBvbm1sa2ppaGdmZWRjYmEwOTg3NjU=";

    [Fact]
    public async Task After_a_rotation_every_secret_opens_without_the_former_key()
    {
        var names = Enumerable.Range(0, 450).Select(n => $"rotation/{n:000}").ToList();
        foreach (var name in names)
        {
            await Store(OldKey).SetAsync(name, $"of {name}", default);
        }

        Assert.True(await Keeper($"{NewKey},{OldKey}").RunAsync(default) >= names.Count);
        Assert.Equal(0, await Keeper($"{NewKey},{OldKey}").RunAsync(default));

        foreach (var name in names)
        {
            Assert.Equal($"of {name}", await Store(NewKey).GetAsync(name, default));
        }

        // And back, for whoever else uses the fixture.
        Assert.True(await Keeper($"{OldKey},{NewKey}").RunAsync(default) >= names.Count);
    }

    [Fact]
    public async Task Secret_whose_key_is_not_configured_keeps_no_other_from_being_encrypted_and_is_told_of_until_it_is()
    {
        await Store(ForgottenKey).SetAsync("unreadable/a", "hidden", default);
        await Store(OldKey).SetAsync("unreadable/b", "seen", default);

        await Keeper($"{NewKey},{OldKey}").RunAsync(default);

        Assert.Equal("seen", await Store(NewKey).GetAsync("unreadable/b", default));
        Assert.Contains("the first is unreadable/a", await AlertAsync(), StringComparison.Ordinal);

        await Keeper($"{OldKey},{NewKey},{ForgottenKey}").RunAsync(default);

        Assert.Equal("hidden", await Store(OldKey).GetAsync("unreadable/a", default));
        Assert.Null(await AlertAsync());
    }

    private SecretStore Store(string keys) => new(fixture.Control, SecretProtector.FromSetting(keys));

    private SecretKeeper Keeper(string keys) => new(
        fixture.Control, SecretProtector.FromSetting(keys), new AlertStore(fixture.Control), NullLogger<SecretKeeper>.Instance);

    private async Task<string?> AlertAsync()
    {
        await using var connection = await fixture.Control.OpenAsync();
        return await connection.Sql(
            "SELECT message FROM alerts WHERE kind = $1 AND resolved_at IS NULL", SecretKeeper.UnreadableAlert)
            .FirstAsync(row => row.GetString(0));
    }
}
