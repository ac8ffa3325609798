using WebHost.Plans;

namespace WebHost.Signup;

/// <summary>Reads signups in our own form: <c>{"type":"customer.signup","timestamp":…,"data":{…}}</c>.</summary>
public static class SignupPayload
{
    private const string SignupType = "customer.signup";
    private const int MaximumBudgetUsd = 1_000_000;
    private const int MaximumVehicles = 1_000_000;
    private const int MaximumLatencyMs = 60_000;

    /// <summary>Reads a webhook's body. No content makes it throw.</summary>
    public static SignupOutcome Parse(ReadOnlyMemory<byte> body) => PayloadDocument.Read(body, static root =>
    {
        if (root.Text("type") is { } type && type != SignupType)
        {
            root.Fault("type", $"must be {SignupType} here.");
        }

        if (root.Has("timestamp"))
        {
            root.CheckTime("timestamp");
        }

        return root.Object("data") is { } data ? ReadRequest(data) : null;
    });

    /// <summary>Reads the bare <c>data</c> part, as the decision service takes it. No content makes it throw.</summary>
    public static SignupOutcome ParseData(ReadOnlyMemory<byte> body) => PayloadDocument.Read(body, ReadRequest);

    internal static decimal? ReadBudget(PayloadObject fields) => fields.Number("monthlyBudgetUsd", 0, MaximumBudgetUsd);

    /// <summary>Reads what both kinds of webhook carry alike; nothing when a fault was found.</summary>
    internal static SignupRequest? ReadFleet(PayloadObject fields, string? company, string? email, decimal? budget)
    {
        var vehicles = fields.Integer("vehicles", 1, MaximumVehicles);
        var locations = fields.ManyOf<FleetRegion>("locations", atLeastOne: true);
        var compliance = fields.Has("compliance") ? fields.ManyOf<ComplianceStandard>("compliance", atLeastOne: false) : [];
        var residency = fields.Has("dataResidency") ? fields.OneOf<DataResidency>("dataResidency") : null;
        var latency = fields.Has("latencyRequirementMs") ? fields.Integer("latencyRequirementMs", 1, MaximumLatencyMs) : null;
        var plan = fields.Has("plan") ? fields.OneOf<PlanId>("plan") : null;

        return company is not null && email is not null && budget is not null && vehicles is not null
            && locations is not null && compliance is not null
            ? new SignupRequest(
                company, email, budget.Value, vehicles.Value, locations.Value, compliance.Value, residency, latency, plan)
            : null;
    }

    private static SignupOutcome? ReadRequest(PayloadObject data) =>
        ReadFleet(data, data.Text("company"), data.Email("email"), ReadBudget(data)) is { } request
            ? new AcceptedSignup(request)
            : null;
}
