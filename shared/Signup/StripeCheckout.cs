namespace WebHost.Signup;

/// <summary>
/// Reads signups that Stripe reports: a completed checkout session whose <c>metadata</c> carries what the checkout page asked
/// (<c>vehicles</c>, <c>locations</c> and <c>compliance</c> with commas, <c>dataResidency</c>, <c>latencyRequirementMs</c>,
/// <c>monthlyBudgetUsd</c>, <c>plan</c>, <c>company</c>), all as text as Stripe keeps it.
/// </summary>
public static class StripeCheckout
{
    private const string Completed = "checkout.session.completed";
    private const string PaidLater = "checkout.session.async_payment_succeeded";
    private const long MaximumAmountCents = 100_000_000;

    /// <summary>Reads a webhook's body. No content makes it throw.</summary>
    public static SignupOutcome Parse(ReadOnlyMemory<byte> body) => PayloadDocument.Read(body, static root =>
    {
        var eventId = root.Text("id");
        var type = root.Text("type");
        if (type is not (null or Completed or PaidLater))
        {
            return new IgnoredSignup($"Events of type {type} ask for nothing here.");
        }

        if (root.Object("data")?.Object("object") is not { } session)
        {
            return null;
        }

        // Bank debits complete the session days before they pay; Stripe then sends the second type.
        if (session.Has("payment_status") && session.Text("payment_status") == "unpaid")
        {
            return new IgnoredSignup($"The session is not paid yet; {PaidLater} will follow.");
        }

        var metadata = session.Object("metadata", textual: true);
        var customer = session.Has("customer_details") ? session.Object("customer_details") : null;
        var email = ReadEmail(session, customer);
        var company = ReadCompany(session, customer, metadata);
        var budget = metadata is not null && metadata.Has("monthlyBudgetUsd")
            ? SignupPayload.ReadBudget(metadata)
            : ReadAmount(session);
        return metadata is not null
            && SignupPayload.ReadFleet(metadata, company, email, budget) is { } request
            && eventId is not null
            ? new AcceptedSignup(request, eventId)
            : null;
    });

    private static string? ReadEmail(PayloadObject session, PayloadObject? customer)
    {
        if (customer is not null && customer.Has("email"))
        {
            return customer.Email("email");
        }

        return session.Has("customer_email")
            ? session.Email("customer_email")
            : Missing(session, "customer_details.email", "Let the checkout collect the customer's mail address.");
    }

    private static string? ReadCompany(PayloadObject session, PayloadObject? customer, PayloadObject? metadata)
    {
        if (metadata is not null && metadata.Has("company"))
        {
            return metadata.Text("company");
        }

        return customer is not null && customer.Has("name")
            ? customer.Text("name")
            : Missing(session, "customer_details.name", "Let the checkout collect a name, or send metadata.company.");
    }

    private static decimal? ReadAmount(PayloadObject session)
    {
        if (session.Has("currency") && session.Text("currency") is { } currency && currency != "usd")
        {
            session.Fault("currency", $"is {currency}, which is no budget in dollars. Send metadata.monthlyBudgetUsd.");
            return null;
        }

        return session.Number("amount_total", 0, MaximumAmountCents) / 100;
    }

    private static string? Missing(PayloadObject session, string name, string advice)
    {
        session.Fault(name, $"is missing. {advice}");
        return null;
    }
}
