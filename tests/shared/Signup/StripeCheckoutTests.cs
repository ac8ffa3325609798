using System.Text;
using System.Text.Json.Nodes;
using CsCheck;
using WebHost.Plans;
using WebHost.Signup;

namespace WebHost.Tests.Signup;

public sealed class StripeCheckoutTests
{
    private const string Session =
        """
        {"id":"evt_1","object":"event","type":"checkout.session.completed","livemode":false,"data":{"object":{
        "id":"cs_test_1","object":"checkout.session","amount_total":4900,"currency":"usd","payment_status":"paid",
        "customer_email":null,"customer_details":{"email":"fleet@kranj.example","name":"Kranj Couriers","phone":null},
        "metadata":{"vehicles":"12","locations":"europe, africa","compliance":"","dataResidency":"eu","plan":"starter"}}}}
        """;

    [Fact]
    public void Parse_a_completed_session_reads_customer_and_metadata()
    {
        var accepted = Accepted(Session);

        Assert.Equal("evt_1", accepted.EventId);
        Assert.Equal("Kranj Couriers", accepted.Request.Company);
        Assert.Equal("fleet@kranj.example", accepted.Request.Email);
        Assert.Equal(12, accepted.Request.Vehicles);
        Assert.Equal([FleetRegion.Europe, FleetRegion.Africa], accepted.Request.Locations);
        Assert.Empty(accepted.Request.Compliance);
        Assert.Equal(DataResidency.Eu, accepted.Request.DataResidency);
        Assert.Equal(PlanId.Starter, accepted.Request.Plan);
    }

    [Fact]
    public void Parse_without_a_budget_takes_the_amount_paid_in_dollars() =>
        Assert.Equal(49m, Accepted(Session).Request.MonthlyBudgetUsd);

    [Fact]
    public void Parse_prefers_what_the_metadata_says()
    {
        var request = Accepted(With(session =>
        {
            session["currency"] = "eur";
            session["metadata"]!["monthlyBudgetUsd"] = "55.50";
            session["metadata"]!["company"] = "Kranj Couriers d.o.o.";
        })).Request;

        Assert.Equal(55.5m, request.MonthlyBudgetUsd);
        Assert.Equal("Kranj Couriers d.o.o.", request.Company);
    }

    [Fact]
    public void Parse_an_amount_in_another_currency_is_no_budget() =>
        Assert.Equal(["data.object.currency"], Errors(With(session => session["currency"] = "eur")).Keys);

    [Fact]
    public void Parse_names_every_fault_with_its_path() =>
        Assert.Equal(
            [
                "data.object.amount_total", "data.object.customer_details.email", "data.object.customer_details.name",
                "data.object.metadata.locations", "data.object.metadata.vehicles",
            ],
            Errors(With(session =>
            {
                session.Remove("amount_total");
                session.Remove("customer_details");
                session["metadata"] = new JsonObject { ["vehicles"] = "a dozen", ["locations"] = "europe,atlantis" };
            })).Keys.Order(StringComparer.Ordinal));

    [Fact]
    public void Parse_without_metadata_says_so() =>
        Assert.Equal(["data.object.metadata"], Errors(With(session => session.Remove("metadata"))).Keys);

    [Fact]
    public void Parse_another_event_is_ignored() =>
        Assert.IsType<IgnoredSignup>(Parse("""{"id":"evt_2","type":"customer.created","data":{"object":{}}}"""));

    [Fact]
    public void Parse_a_session_that_is_not_paid_yet_is_ignored_until_the_payment_succeeds()
    {
        Assert.IsType<IgnoredSignup>(Parse(With(session => session["payment_status"] = "unpaid")));
        Accepted(Session.Replace(
            "checkout.session.completed", "checkout.session.async_payment_succeeded", StringComparison.Ordinal));
    }

    [Fact]
    public void Parse_takes_a_session_as_large_as_Stripes_are() =>
        Accepted(With(session => session["custom_text"] = new string('x', 200_000)));

    [Fact]
    public void Parse_random_or_mutated_bytes_never_throws()
    {
        Gen.Byte.Array[0, 300].Sample(bytes => Assert.NotNull(StripeCheckout.Parse(bytes)), iter: 1_000);
        Mutations.Of(Session).Sample(bytes => Assert.NotNull(StripeCheckout.Parse(bytes)), iter: 5_000);
    }

    private static SignupOutcome Parse(string body) => StripeCheckout.Parse(Encoding.UTF8.GetBytes(body));

    private static AcceptedSignup Accepted(string body) => Assert.IsType<AcceptedSignup>(Parse(body));

    private static IReadOnlyDictionary<string, string[]> Errors(string body) =>
        Assert.IsType<RefusedSignup>(Parse(body)).Errors;

    private static string With(Action<JsonObject> change)
    {
        var root = JsonNode.Parse(Session)!.AsObject();
        change(root["data"]!["object"]!.AsObject());
        return root.ToJsonString();
    }
}
