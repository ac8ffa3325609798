using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using CsCheck;
using WebHost.Plans;
using WebHost.Signup;

namespace WebHost.Tests.Signup;

public sealed class SignupPayloadTests
{
    private const string Complete =
        """
        {"type":"customer.signup","timestamp":"2026-11-22T10:00:00Z","data":{"company":"Kranj Couriers","email":"fleet@kranj.example",
        "monthlyBudgetUsd":60.5,"vehicles":12,"locations":["europe","africa"],"compliance":["gdpr","ISO27001"],
        "dataResidency":"eu","latencyRequirementMs":80,"plan":"starter"}}
        """;

    [Fact]
    public void Parse_a_complete_signup_keeps_every_value()
    {
        var request = Accepted(Complete);

        Assert.Equal("Kranj Couriers", request.Company);
        Assert.Equal("fleet@kranj.example", request.Email);
        Assert.Equal(60.5m, request.MonthlyBudgetUsd);
        Assert.Equal(12, request.Vehicles);
        Assert.Equal([FleetRegion.Europe, FleetRegion.Africa], request.Locations);
        Assert.Equal([ComplianceStandard.Gdpr, ComplianceStandard.Iso27001], request.Compliance);
        Assert.Equal(DataResidency.Eu, request.DataResidency);
        Assert.Equal(80, request.LatencyRequirementMs);
        Assert.Equal(PlanId.Starter, request.Plan);
    }

    [Fact]
    public void Parse_without_the_optional_fields_leaves_them_open()
    {
        var request = Accepted(With(data =>
        {
            foreach (var name in (string[])["compliance", "dataResidency", "latencyRequirementMs"])
            {
                data.Remove(name);
            }

            data["plan"] = null;
        }));

        Assert.Empty(request.Compliance);
        Assert.Null(request.DataResidency);
        Assert.Null(request.LatencyRequirementMs);
        Assert.Null(request.Plan);
    }

    [Fact]
    public void SignupRequest_survives_serialization()
    {
        var request = Accepted(Complete);

        var back = JsonSerializer.Deserialize<SignupRequest>(JsonSerializer.Serialize(request))!;

        Assert.Equal(request.Locations, back.Locations);
        Assert.Equal(request.Compliance, back.Compliance);
        Assert.Equal(request, back with { Locations = request.Locations, Compliance = request.Compliance });
    }

    [Fact]
    public void Parse_an_empty_data_object_names_every_required_field() =>
        Assert.Equal(
            ["data.company", "data.email", "data.locations", "data.monthlyBudgetUsd", "data.vehicles"],
            Errors("""{"type":"customer.signup","data":{}}""").Keys.Order(StringComparer.Ordinal));

    [Fact]
    public void Parse_collects_faults_of_the_envelope_and_the_data_together() =>
        Assert.Equal(
            ["data.email", "data.vehicles", "timestamp", "type"],
            Errors(With(
                data =>
                {
                    data["email"] = "nobody";
                    data["vehicles"] = 0;
                },
                root =>
                {
                    root["type"] = "customer.deleted";
                    root["timestamp"] = 1700000000;
                })).Keys.Order(StringComparer.Ordinal));

    [Theory]
    [InlineData("vehicles", "\"12\"", "data.vehicles", "a whole number from 1 to 1,000,000, but is the text \"12\"")]
    [InlineData("vehicles", "12.5", "data.vehicles", "but is 12.5")]
    [InlineData("vehicles", "-1", "data.vehicles", "but is -1")]
    [InlineData("vehicles", "1e400", "data.vehicles", "but is 1e400")]
    [InlineData("vehicles", "null", "data.vehicles", "is null. Send a whole number")]
    [InlineData("vehicles", "true", "data.vehicles", "but is true")]
    [InlineData("monthlyBudgetUsd", "-0.01", "data.monthlyBudgetUsd", "a number from 0 to 1,000,000")]
    [InlineData("monthlyBudgetUsd", "[]", "data.monthlyBudgetUsd", "but is a list")]
    [InlineData("company", "\"  \"", "data.company", "1 to 200 characters")]
    [InlineData("company", "\"a\\u0000b\"", "data.company", "no control characters")]
    [InlineData("company", "{}", "data.company", "must be a text, but is an object")]
    [InlineData("email", "\"Boss <boss@example.com>\"", "data.email", "must be a mail address")]
    [InlineData("email", "\"a@b@c\"", "data.email", "must be a mail address")]
    [InlineData("locations", "[]", "data.locations", "is empty")]
    [InlineData("locations", "\"europe\"", "data.locations", "must be a list of north-america, europe")]
    [InlineData("locations", "[\"europe\",\"atlantis\"]", "data.locations[1]",
        "one of north-america, europe, asia-pacific, south-america, africa, but is \"atlantis\"")]
    [InlineData("locations", "[\"europe\",7]", "data.locations[1]", "but is 7")]
    [InlineData("compliance", "[\"gdpr\",null]", "data.compliance[1]", "one of gdpr, soc2, hipaa, iso27001")]
    [InlineData("dataResidency", "\"mars\"", "data.dataResidency", "one of eu, us, but is \"mars\"")]
    [InlineData("latencyRequirementMs", "0", "data.latencyRequirementMs", "a whole number from 1")]
    [InlineData("plan", "\"gold\"", "data.plan", "one of hobby, starter, professional, business")]
    [InlineData("plan", "1", "data.plan", "one of hobby, starter, professional, business, but is 1")]
    public void Parse_a_wrong_value_says_where_and_what_to_send(string field, string json, string path, string sentence)
    {
        var error = Assert.Single(Errors(With(data => data[field] = JsonNode.Parse(json))));

        Assert.Equal(path, error.Key);
        Assert.Contains(sentence, Assert.Single(error.Value), StringComparison.Ordinal);
    }

    [Fact]
    public void Parse_a_field_sent_twice_is_a_fault_and_not_a_choice()
    {
        var body = Complete.Replace("\"vehicles\":12", "\"vehicles\":12,\"vehicles\":3", StringComparison.Ordinal);

        Assert.Equal(["vehicles is there more than once. Send it once."], Errors(body)["data.vehicles"]);
    }

    [Fact]
    public void Parse_locations_named_twice_counts_them_once() =>
        Assert.Equal(
            [FleetRegion.Europe],
            Accepted(With(data => data["locations"] = new JsonArray("europe", "Europe"))).Locations);

    [Theory]
    [InlineData("")]
    [InlineData("hello")]
    [InlineData("{\"type\":")]
    [InlineData("[]")]
    [InlineData("null")]
    [InlineData("{} {}")]
    [InlineData("{\"type\":\"customer.signup\",\"data\":{\"company\":\"\\ud800\"}}")]
    public void Parse_a_body_that_is_no_object_blames_the_body(string body) =>
        Assert.Equal(["$"], Errors(body).Keys);

    [Fact]
    public void Parse_bytes_that_are_not_utf8_blames_the_body() =>
        Assert.Equal(["$"], Assert.IsType<RefusedSignup>(SignupPayload.Parse(new byte[] { 0x7b, 0xff, 0x7d })).Errors.Keys);

    [Fact]
    public void Parse_deep_nesting_blames_the_body() =>
        Assert.Equal(["$"], Errors(new string('[', 10_000)).Keys);

    [Fact]
    public void ParseData_reads_the_bare_fields()
    {
        var data = JsonNode.Parse(Complete)!["data"]!.ToJsonString();

        Assert.IsType<AcceptedSignup>(SignupPayload.ParseData(Encoding.UTF8.GetBytes(data)));
        Assert.Contains("vehicles", Assert.IsType<RefusedSignup>(SignupPayload.ParseData("{}"u8.ToArray())).Errors.Keys);
    }

    [Fact]
    public void Parse_random_or_mutated_bytes_never_throws()
    {
        Gen.Byte.Array[0, 300].Sample(bytes => Assert.NotNull(SignupPayload.Parse(bytes)), iter: 2_000);
        Mutations.Of(Complete).Sample(bytes => Assert.NotNull(SignupPayload.Parse(bytes)), iter: 5_000);
    }

    private static SignupRequest Accepted(string body) =>
        Assert.IsType<AcceptedSignup>(SignupPayload.Parse(Encoding.UTF8.GetBytes(body))).Request;

    private static IReadOnlyDictionary<string, string[]> Errors(string body) =>
        Assert.IsType<RefusedSignup>(SignupPayload.Parse(Encoding.UTF8.GetBytes(body))).Errors;

    private static string With(Action<JsonObject> changeData, Action<JsonObject>? changeRoot = null)
    {
        var root = JsonNode.Parse(Complete)!.AsObject();
        changeData(root["data"]!.AsObject());
        changeRoot?.Invoke(root);
        return root.ToJsonString();
    }
}
