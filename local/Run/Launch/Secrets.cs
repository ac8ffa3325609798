using System.Buffers.Text;

namespace WebHost.Local.Run.Launch;

/// <summary>The secrets of one instance, each made once and kept in its state folder.</summary>
/// <param name="OperatorKey">Goes into x-functions-key.</param>
/// <param name="WebhookSecret">Of Standard Webhooks: whsec_ and the key in base64.</param>
/// <param name="StripeSecret">Of Stripe's signatures: the whole text is the key.</param>
/// <param name="MasterKey">An id and 32 bytes in base64; encrypts what the control database keeps secret.</param>
/// <param name="DatabasePassword">Of the role that owns the application's databases.</param>
internal sealed record Secrets(
    string OperatorKey,
    string WebhookSecret,
    string StripeSecret,
    string MasterKey,
    string DatabasePassword)
{
    public static Secrets Of(StateFolder state) => new(
        state.Secret("operator-key", bytes => Base64Url.EncodeToString(bytes)),
        state.Secret("webhook-secret", bytes => "whsec_" + Convert.ToBase64String(bytes)),
        state.Secret("stripe-secret", bytes => "whsec_" + Convert.ToHexStringLower(bytes)),
        state.Secret("master-key", bytes => "local:" + Convert.ToBase64String(bytes)),
        state.Secret("database-password", bytes => Base64Url.EncodeToString(bytes)));
}
