using System.Net;
using System.Text;
using WebHost.Scenarios.Callers;
using WebHost.Scenarios.Gps;
using WebHost.Scenarios.Hosting;

namespace WebHost.Scenarios.Problems;

/// <summary>Every refusal is a problem document that says what to do, on every call that the application describes.</summary>
public sealed class ProblemTests(SharedApp shared, GpsFleet fleet) : Scenario(shared), IClassFixture<GpsFleet>
{
    [Fact]
    public async Task Every_call_for_operators_or_tenants_without_credentials_is_401()
    {
        foreach (var call in (await App.GetCallsAsync()).Where(call => call.IsForOperators))
        {
            (await App.Anybody.SendAsync(call.ToRequest(fleet.TenantId))).ExpectProblem(HttpStatusCode.Unauthorized);
        }
    }

    [Fact]
    public async Task Every_call_for_operators_with_a_tenants_key_is_403()
    {
        using var tenant = App.ForTenant(await App.CreateKeyAsync(fleet.TenantId));

        foreach (var call in (await App.GetCallsAsync()).Where(call => call.IsForOperators && !call.IsForTenants))
        {
            (await tenant.SendAsync(call.ToRequest(fleet.TenantId))).ExpectProblem(HttpStatusCode.Forbidden);
        }
    }

    [Fact]
    public async Task Every_read_or_deletion_of_what_nobody_has_is_404()
    {
        var calls = (await App.GetCallsAsync())
            .Where(call => call.IsForOperators && call.Path.Contains('{', StringComparison.Ordinal) && !call.TakesBody)
            .ToList();
        Assert.NotEmpty(calls);

        foreach (var call in calls)
        {
            (await App.Operator.SendAsync(call.ToRequest(Guid.NewGuid()))).ExpectProblem(HttpStatusCode.NotFound);
        }
    }

    [Fact]
    public async Task Every_change_to_a_tenant_whom_nobody_knows_is_404()
    {
        var tenant = $"api/tenants/{Guid.NewGuid()}";

        (await App.Operator.PutAsync($"{tenant}/vehicles/van", new { name = "Van" })).ExpectProblem(HttpStatusCode.NotFound);
        (await App.Operator.PostAsync($"{tenant}/devices", new { name = "Tracker" })).ExpectProblem(HttpStatusCode.NotFound);
        (await App.Operator.PostAsync($"{tenant}/keys", null)).ExpectProblem(HttpStatusCode.NotFound);
    }

    [Fact]
    public async Task Every_body_that_is_no_JSON_or_of_another_form_is_refused_with_the_place_of_the_fault()
    {
        foreach (var call in (await App.GetCallsAsync()).Where(call => call.IsForOperators && call.TakesBody))
        {
            foreach (var body in (string[])["{", "null", "[]", "\"text\"", "{\"name\":{\"first\":1},\"company\":[]}"])
            {
                var answer = await App.Operator.SendAsync(call.ToRequest(fleet.TenantId, body: body));
                var problem = answer.ExpectProblem(
                    answer.Status == HttpStatusCode.UnprocessableEntity ? HttpStatusCode.UnprocessableEntity : HttpStatusCode.BadRequest);
                Assert.NotEmpty(problem.GetProperty("errors").EnumerateObject());
                Assert.DoesNotContain("WebHost.", problem.Text("detail"), StringComparison.Ordinal);
            }
        }
    }

    [Fact]
    public async Task Every_query_parameter_with_a_value_that_cannot_be_is_400_and_names_it()
    {
        foreach (var call in (await App.GetCallsAsync()).Where(call => call.IsForOperators))
        {
            foreach (var name in call.Query)
            {
                var problem = (await App.Operator.SendAsync(call.ToRequest(fleet.TenantId, $"?{name}=non%20sense")))
                    .ExpectProblem(HttpStatusCode.BadRequest);
                Assert.Equal([name], problem.GetProperty("errors").EnumerateObject().Select(error => error.Name));
            }
        }
    }

    [Fact]
    public async Task Webhooks_devices_and_routers_are_refused_with_a_problem_too()
    {
        foreach (var call in (await App.GetCallsAsync()).Where(call => call.Path.StartsWith("/api/signups", StringComparison.Ordinal)))
        {
            (await App.Anybody.SendAsync(call.ToRequest(fleet.TenantId))).ExpectProblem(HttpStatusCode.Unauthorized);
        }

        var tracker = await App.AddDeviceAsync(fleet.TenantId);
        using var malformed = new StringContent("[{", Encoding.UTF8, "application/json");
        (await App.Anybody.SendAsync(new HttpRequestMessage(HttpMethod.Post, $"api/gps/{tracker.Token}") { Content = malformed }))
            .ExpectProblem(HttpStatusCode.BadRequest);
        (await App.Anybody.GetAsync("api/routes/nobody.fleet.localhost")).ExpectProblem(HttpStatusCode.NotFound);
    }

    [Fact]
    public async Task Retry_of_an_operation_that_has_not_failed_is_409_with_its_state()
    {
        var signedUp = await App.SignUpToTheEndAsync(SignupData.Hobby);

        var problem = (await App.Operator.PostAsync($"api/operations/{signedUp.OperationId}/retry", null))
            .ExpectProblem(HttpStatusCode.Conflict);

        Assert.Contains("succeeded", problem.Text("detail"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Fleet_of_a_tenant_that_has_no_home_yet_is_409()
    {
        await StartAsync("homeless", new AppOptions { Servers = [] });
        var signedUp = await App.SignUpAsync(SignupData.Hobby);

        (await App.Operator.GetAsync($"api/tenants/{signedUp.TenantId}/vehicles")).ExpectProblem(HttpStatusCode.Conflict);
    }
}
