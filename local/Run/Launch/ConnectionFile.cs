using System.Text.Json;

namespace WebHost.Local.Run.Launch;

/// <summary>What connection.json tells scripts while the instance runs: where everything is, and with which key.</summary>
/// <param name="Pid">The application's process.</param>
internal sealed record ConnectionFile(
    Uri Url,
    Uri SimulatorsUrl,
    string OperatorKey,
    string WebhookSecret,
    string StripeSecret,
    string ControlDatabase,
    string AdminDatabase,
    int Pid)
{
    private static readonly JsonSerializerOptions Format = new(JsonSerializerDefaults.Web) { WriteIndented = true };

    public void Write(StateFolder state) =>
        StateFolder.WriteOwnerOnly(state.ConnectionFile, JsonSerializer.Serialize(this, Format) + "\n");
}
