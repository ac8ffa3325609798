using WebHost.Scenarios.Callers;
using WebHost.Scenarios.Hosting;

namespace WebHost.Scenarios.Crash;

/// <summary>The host dies without a word in the middle of giving tenants their homes.</summary>
public sealed class ProvisioningKillTests : Scenario
{
    // From before the first step to just after the last, in milliseconds after the signups were accepted.
    private const int LatestKill = 1500;

    [Fact]
    public async Task Host_killed_in_the_middle_of_provisioning_finishes_it_after_its_restart_with_nothing_made_twice()
    {
        var moments = IsLongRun ? 50 : 8;
        var seed = Environment.TickCount;
        var random = new Random(seed);
        await StartAsync("kill");
        var fly = await App.SignUpToTheEndAsync(SignupData.Starter);
        var hetzner = await App.SignUpToTheEndAsync(SignupData.Hobby);
        var onFly = new List<SignedUp> { fly };
        var onHetzner = new List<SignedUp> { hetzner };
        var whole = (Fly: await App.GetHoldingsAsync(fly), Hetzner: await App.GetHoldingsAsync(hetzner));

        // Nobody waits for the end in between: what one kill interrupted, the next may interrupt again.
        for (var moment = 0; moment < moments; moment++)
        {
            onFly.Add(await App.SignUpAsync(SignupData.Starter));
            onHetzner.Add(await App.SignUpAsync(SignupData.Hobby));
            var delay = TimeSpan.FromMilliseconds(random.Next(LatestKill));
            Say($"Seed {seed}, moment {moment}: killed {delay.TotalMilliseconds} ms after the signups {onFly[^1]} and {onHetzner[^1]}");
            await Task.Delay(delay, Cancellation);
            await App.KillHostAsync();
            await App.StartHostAsync();
        }

        foreach (var (tenants, expected) in new[] { (onFly, whole.Fly), (onHetzner, whole.Hetzner) })
        {
            foreach (var tenant in tenants)
            {
                var operation = await App.WaitForEndAsync(tenant.OperationId);
                Assert.True(operation.Text("state") == "succeeded", operation.ToString());
                Assert.Equal(expected, await App.GetHoldingsAsync(tenant));
            }
        }

        Assert.Empty(await App.GetOrphansAsync([.. onFly, .. onHetzner]));
    }

    [Fact]
    public async Task Signup_answered_by_a_host_that_dies_at_once_is_provisioned_and_answered_the_same_after_its_restart()
    {
        await StartAsync("killsignup");
        var data = SignupData.Hobby;
        var webhookId = $"msg_{Guid.NewGuid():n}";
        var first = (await App.Anybody.SendAsync(App.Webhook(data, webhookId))).Receipt();

        await App.KillHostAsync();
        await App.StartHostAsync();
        var again = (await App.Anybody.SendAsync(App.Webhook(data, webhookId))).Receipt();

        Assert.Equal(first, again);
        Assert.Equal("succeeded", (await App.WaitForEndAsync(first.OperationId)).Text("state"));
    }
}
