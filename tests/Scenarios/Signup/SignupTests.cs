using System.Net;
using System.Text.Json;
using Npgsql;
using WebHost.Scenarios.Callers;
using WebHost.Scenarios.Hosting;

namespace WebHost.Scenarios.Signup;

public sealed class SignupTests(SharedApp shared) : Scenario(shared)
{
    // Two and five seconds on a machine that does nothing else; this one runs other tests beside.
    private static readonly TimeSpan SharedServerLimit = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan FlyLimit = TimeSpan.FromSeconds(20);

    [Fact]
    public async Task Signup_of_a_small_fleet_lands_on_the_shared_Hetzner_server_with_reasons()
    {
        var signedUp = await App.SignUpToTheEndAsync(SignupData.Hobby);

        var tenant = await App.GetTenantAsync(signedUp.TenantId);
        Assert.Equal("active", tenant.Text("state"));
        Assert.Equal("hobby", tenant.Text("plan"));
        Assert.Equal("multi-tenant", tenant.Text("mode"));
        Assert.Equal(1, tenant.GetProperty("epoch").GetInt64());
        Assert.Equal("hetzner", tenant.GetProperty("infrastructure").Text("provider"));
        Assert.StartsWith("ax52-", tenant.GetProperty("infrastructure").Text("server"), StringComparison.Ordinal);
        Assert.Contains(
            tenant.GetProperty("recommendation").GetProperty("reasons").EnumerateArray(),
            reason => reason.Text("text").Contains("cheapest", StringComparison.Ordinal));
        await AssertTookAsync(signedUp, SharedServerLimit);
    }

    [Fact]
    public async Task Signup_of_a_larger_fleet_gets_a_database_of_its_own_on_Fly()
    {
        var signups = await Task.WhenAll(
            App.SignUpToTheEndAsync(SignupData.Starter), App.SignUpToTheEndAsync(SignupData.Starter));

        var homes = new List<JsonElement>();
        foreach (var signedUp in signups)
        {
            var tenant = await App.GetTenantAsync(signedUp.TenantId);
            Assert.Equal("active", tenant.Text("state"));
            Assert.Equal("single-tenant", tenant.Text("mode"));
            homes.Add(tenant.GetProperty("infrastructure"));
            await AssertTookAsync(signedUp, FlyLimit);
        }

        Assert.All(homes, home => Assert.Equal("fly", home.Text("provider")));
        Assert.NotEqual(homes[0].Text("database"), homes[1].Text("database"));
        Assert.NotEqual(homes[0].Text("app"), homes[1].Text("app"));
    }

    [Fact]
    public async Task Operation_of_a_signup_shows_each_step_with_its_times_and_what_came_of_it()
    {
        var signedUp = await App.SignUpAsync(SignupData.Hobby);

        var steps = (await App.WaitForEndAsync(signedUp.OperationId)).GetProperty("steps").EnumerateArray().ToList();

        Assert.Equal(Enumerable.Range(1, steps.Count), steps.Select(step => step.GetProperty("number").GetInt32()));
        Assert.All(steps, step =>
        {
            Assert.Equal("succeeded", step.Text("state"));
            Assert.InRange(step.GetProperty("attempts").GetInt32(), 1, 6);
            Assert.False(string.IsNullOrWhiteSpace(step.Text("detail")));
            Assert.True(step.GetProperty("startedAt").GetDateTimeOffset() <= step.GetProperty("finishedAt").GetDateTimeOffset());
        });
    }

    [Fact]
    public async Task Completed_Stripe_checkout_signs_a_customer_up_once()
    {
        var body = StripeEvent($"evt_{Guid.NewGuid():n}", "checkout.session.completed");

        var first = (await App.Anybody.SendAsync(Signatures.Stripe(App.StripeSecret, DateTimeOffset.UtcNow, body))).Receipt();
        var second = (await App.Anybody.SendAsync(Signatures.Stripe(App.StripeSecret, DateTimeOffset.UtcNow, body))).Receipt();

        Assert.Equal(first, second);
        Assert.Equal("succeeded", (await App.WaitForEndAsync(first.OperationId)).Text("state"));
        Assert.Equal("Stripe Fleet", (await App.GetTenantAsync(first.TenantId)).Text("company"));
    }

    [Fact]
    public async Task Stripe_event_of_another_type_is_taken_and_does_nothing()
    {
        var body = StripeEvent($"evt_{Guid.NewGuid():n}", "invoice.paid");

        var answer = await App.Anybody.SendAsync(Signatures.Stripe(App.StripeSecret, DateTimeOffset.UtcNow, body));

        Assert.Contains("invoice.paid", answer.Expect(HttpStatusCode.OK).Json.Text("ignored"), StringComparison.Ordinal);
        Assert.Equal(0, await CountTenantsAsync("Stripe Invoice"));
    }

    [Fact]
    public async Task Same_webhook_id_gets_the_same_answer_and_one_tenant()
    {
        var data = SignupData.Hobby;
        var webhookId = $"msg_{Guid.NewGuid():n}";

        var first = (await App.Anybody.SendAsync(App.Webhook(data, webhookId))).Receipt();
        await App.WaitForEndAsync(first.OperationId);
        var afterwards = (await App.Anybody.SendAsync(App.Webhook(data, webhookId))).Receipt();

        Assert.Equal(first, afterwards);
        Assert.Equal(1, await CountTenantsAsync(data.Company));
    }

    [Fact]
    public async Task Same_webhook_id_ten_times_at_once_gets_the_same_answer_and_one_tenant()
    {
        var data = SignupData.Hobby;
        var webhookId = $"msg_{Guid.NewGuid():n}";

        var answers = await Task.WhenAll(
            Enumerable.Range(0, 10).Select(_ => App.Anybody.SendAsync(App.Webhook(data, webhookId))));

        var receipt = Assert.Single(answers.Select(answer => answer.Receipt()).Distinct());
        Assert.Equal("succeeded", (await App.WaitForEndAsync(receipt.OperationId)).Text("state"));
        Assert.Equal(1, await CountTenantsAsync(data.Company));
    }

    [Fact]
    public async Task Secret_that_was_rotated_out_last_is_still_accepted()
    {
        var request = Signatures.StandardWebhook(
            App.OldSignupSecret, $"msg_{Guid.NewGuid():n}", DateTimeOffset.UtcNow, SignupData.Hobby.ToPayload());

        var receipt = (await App.Anybody.SendAsync(request)).Receipt();

        Assert.Equal("succeeded", (await App.WaitForEndAsync(receipt.OperationId)).Text("state"));
    }

    [Fact]
    public async Task Signature_by_another_secret_is_401_and_leaves_no_trace()
    {
        var data = SignupData.Hobby;
        var webhookId = $"msg_{Guid.NewGuid():n}";
        var foreign = "whsec_" + Convert.ToBase64String(new byte[24]);

        var answer = await App.Anybody.SendAsync(
            Signatures.StandardWebhook(foreign, webhookId, DateTimeOffset.UtcNow, data.ToPayload()));

        answer.ExpectProblem(HttpStatusCode.Unauthorized);
        await AssertNoTraceAsync(data, webhookId);
    }

    [Fact]
    public async Task Body_changed_after_signing_is_401_and_leaves_no_trace()
    {
        var data = SignupData.Hobby;
        var webhookId = $"msg_{Guid.NewGuid():n}";
        using var request = App.Webhook(data, webhookId);
        request.Content = new StringContent((data with { Vehicles = 4 }).ToPayload());

        (await App.Anybody.SendAsync(request)).ExpectProblem(HttpStatusCode.Unauthorized);

        await AssertNoTraceAsync(data, webhookId);
    }

    [Theory]
    [InlineData(-6)]
    [InlineData(6)]
    public async Task Timestamp_off_by_more_than_five_minutes_is_401_and_leaves_no_trace(int minutes)
    {
        var data = SignupData.Hobby;
        var webhookId = $"msg_{Guid.NewGuid():n}";

        var answer = await App.Anybody.SendAsync(Signatures.StandardWebhook(
            App.SignupSecret, webhookId, DateTimeOffset.UtcNow.AddMinutes(minutes), data.ToPayload()));

        answer.ExpectProblem(HttpStatusCode.Unauthorized);
        await AssertNoTraceAsync(data, webhookId);
    }

    [Fact]
    public async Task Stripe_event_with_another_secret_is_401_and_leaves_no_trace()
    {
        var eventId = $"evt_{Guid.NewGuid():n}";

        var answer = await App.Anybody.SendAsync(Signatures.Stripe(
            "whsec_of_somebody_else", DateTimeOffset.UtcNow, StripeEvent(eventId, "checkout.session.completed")));

        answer.ExpectProblem(HttpStatusCode.Unauthorized);
        await AssertNoTraceAsync(SignupData.Hobby, eventId);
    }

    [Fact]
    public async Task Bad_body_is_422_with_every_fault_named()
    {
        const string Body =
            """
            {"type":"customer.signup","data":{"company":"","email":"nobody","monthlyBudgetUsd":-1,"vehicles":0,
             "locations":["atlantis"],"compliance":["pci"],"dataResidency":"mars","plan":"gold","latencyRequirementMs":"soon"}}
            """;

        var answer = await App.Anybody.SendAsync(
            Signatures.StandardWebhook(App.SignupSecret, $"msg_{Guid.NewGuid():n}", DateTimeOffset.UtcNow, Body));

        var errors = answer.ExpectProblem(HttpStatusCode.UnprocessableEntity).GetProperty("errors");
        string[] wrong =
            ["company", "email", "monthlyBudgetUsd", "vehicles", "locations", "compliance", "dataResidency", "plan", "latencyRequirementMs"];
        Assert.All(wrong, member => Assert.Contains(
            errors.EnumerateObject(), error => error.Name.StartsWith($"data.{member}", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task Customer_whom_no_plan_fits_is_422_with_the_reasons_and_leaves_no_trace()
    {
        var data = SignupData.Hobby with { Compliance = ["hipaa"], MonthlyBudgetUsd = 20 };
        var webhookId = $"msg_{Guid.NewGuid():n}";

        var answer = await App.Anybody.SendAsync(App.Webhook(data, webhookId));

        var reasons = answer.ExpectProblem(HttpStatusCode.UnprocessableEntity).GetProperty("errors").GetProperty("data")
            .EnumerateArray().Select(reason => reason.GetString()!).ToList();
        Assert.Contains(reasons, reason => reason.Contains("HIPAA", StringComparison.OrdinalIgnoreCase));
        Assert.Contains(reasons, reason => reason.Contains("budget", StringComparison.Ordinal));
        await AssertNoTraceAsync(data, webhookId);
    }

    [Fact]
    public async Task Decision_says_the_same_as_the_signup_and_signs_nobody_up()
    {
        var data = SignupData.Starter;

        var decision = (await App.Operator.PostAsync("api/decisions", data)).Expect(HttpStatusCode.OK).Json;

        Assert.Equal("fly", decision.Text("provider"));
        Assert.Equal("starter", decision.Text("plan"));
        Assert.NotEmpty(decision.GetProperty("reasons").EnumerateArray());
        Assert.NotEmpty(decision.GetProperty("alternatives").EnumerateArray());
        Assert.Equal(0, await CountTenantsAsync(data.Company));
    }

    [Fact]
    public async Task Route_of_a_served_hostname_says_where_the_tenant_lives()
    {
        var signedUp = await App.SignUpToTheEndAsync(SignupData.Hobby);
        var hostname = (await App.GetTenantAsync(signedUp.TenantId)).Text("hostname");

        var answer = (await App.Anybody.GetAsync($"api/routes/{hostname}")).Expect(HttpStatusCode.OK);

        Assert.Equal(signedUp.TenantId, answer.Json.GetProperty("tenantId").GetGuid());
        Assert.Equal("hetzner", answer.Json.Text("provider"));
        Assert.Equal(1, answer.Json.GetProperty("epoch").GetInt64());
        Assert.InRange(answer.Headers.CacheControl!.MaxAge!.Value, TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(60));
    }

    private static string StripeEvent(string id, string type) => JsonSerializer.Serialize(new
    {
        id,
        type,
        data = new
        {
            @object = new
            {
                payment_status = "paid",
                currency = "usd",
                amount_total = 1500,
                customer_details = new { email = "fleet@example.com", name = type.StartsWith("invoice", StringComparison.Ordinal) ? "Stripe Invoice" : "Stripe Fleet" },
                metadata = new { vehicles = "3", locations = "europe" },
            },
        },
    });

    private async Task AssertTookAsync(SignedUp signedUp, TimeSpan limit)
    {
        var operation = (await App.Operator.GetAsync($"api/operations/{signedUp.OperationId}")).Json;
        var took = operation.GetProperty("finishedAt").GetDateTimeOffset() - operation.GetProperty("createdAt").GetDateTimeOffset();
        Say($"{operation.GetProperty("steps").GetArrayLength()} steps took {took.TotalSeconds:0.00} s");
        Assert.InRange(took, TimeSpan.Zero, limit);
    }

    private async Task AssertNoTraceAsync(SignupData data, string webhookId)
    {
        Assert.Equal(0, await CountTenantsAsync(data.Company));
        await using var control = NpgsqlDataSource.Create(App.ControlDatabase);
        Assert.Equal(
            0, await control.ScalarAsync<long>("SELECT count(*) FROM webhook_deliveries WHERE webhook_id = $1", webhookId));
    }

    private async Task<long> CountTenantsAsync(string company)
    {
        await using var control = NpgsqlDataSource.Create(App.ControlDatabase);
        return await control.ScalarAsync<long>("SELECT count(*) FROM tenants WHERE company = $1", company);
    }
}
