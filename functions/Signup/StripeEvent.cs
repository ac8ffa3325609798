using System.Text.Json.Serialization;

namespace WebHost.Signup;

/// <summary>What is read of an event of Stripe's, of everything that is in it (<see cref="StripeCheckout"/>).</summary>
/// <param name="Id">The event's id; a second delivery has the same.</param>
/// <param name="Type">checkout.session.completed or checkout.session.async_payment_succeeded; others are answered and ignored.</param>
/// <param name="Data">What the event is about.</param>
public sealed record StripeEvent(string Id, string Type, StripeEventData Data);

/// <summary>What an event of Stripe's is about.</summary>
/// <param name="Session">The checkout session.</param>
public sealed record StripeEventData([property: JsonPropertyName("object")] StripeSession Session);

/// <summary>A checkout session.</summary>
/// <param name="Metadata">What the checkout page asked.</param>
/// <param name="PaymentStatus">unpaid is waited for, until the event that follows; may be absent.</param>
/// <param name="AmountTotal">Hundredths of a dollar a month: the budget, unless the metadata has one.</param>
/// <param name="Currency">usd, where the amount is the budget.</param>
/// <param name="CustomerDetails">Who has paid.</param>
/// <param name="CustomerEmail">Whom to write to, where the details have no address.</param>
public sealed record StripeSession(
    StripeMetadata Metadata,
    [property: JsonPropertyName("payment_status")] string? PaymentStatus = null,
    [property: JsonPropertyName("amount_total")] long? AmountTotal = null,
    string? Currency = null,
    [property: JsonPropertyName("customer_details")] StripeCustomer? CustomerDetails = null,
    [property: JsonPropertyName("customer_email")] string? CustomerEmail = null);

/// <summary>Who has paid.</summary>
/// <param name="Name">The customer's name, unless the metadata has the company's.</param>
/// <param name="Email">Whom to write to.</param>
public sealed record StripeCustomer(string? Name = null, string? Email = null);

/// <summary>What the checkout page asked, all as text: lists with commas, numbers in digits.</summary>
/// <param name="Vehicles">Vehicles in the fleet, at least one.</param>
/// <param name="Locations">Where the fleet drives, the main place first; at least one.</param>
/// <param name="Compliance">What must be complied with.</param>
/// <param name="DataResidency">Where data must stay.</param>
/// <param name="LatencyRequirementMs">Longest round trip from the fleet, in milliseconds.</param>
/// <param name="MonthlyBudgetUsd">What the customer will pay a month, at most.</param>
/// <param name="Plan">The plan that the customer chose.</param>
/// <param name="Company">The customer's name.</param>
public sealed record StripeMetadata(
    string Vehicles,
    string Locations,
    string? Compliance = null,
    string? DataResidency = null,
    string? LatencyRequirementMs = null,
    string? MonthlyBudgetUsd = null,
    string? Plan = null,
    string? Company = null);
