using System.Net.Http.Headers;
using System.Text;

namespace WebHost.Local.Providers.Http;

/// <summary>How a vendor lets callers in, limits them, and refuses.</summary>
internal abstract class Vendor(string name)
{
    public string Name { get; } = name;

    /// <summary>The operation that a request calls; its endpoint's unless one endpoint serves several.</summary>
    public virtual ValueTask<string> OperationOfAsync(HttpContext http, Operation operation) => new(operation.Name);

    /// <summary>Null when the caller may pass.</summary>
    public abstract Refusal? Authorize(HttpContext http);

    /// <summary>How many calls of one kind are allowed in a burst, and how long one is then worth.</summary>
    public abstract (int Calls, TimeSpan Each)? Limit(string operation);

    /// <summary>What the vendor says with that status when nothing in particular is wrong with the call.</summary>
    public virtual Refusal Fault(int status) => new(status, "", "simulated fault");

    public abstract Refusal RateLimited(string operation);

    public abstract Refusal NoCapacity();

    public abstract Task WriteAsync(HttpContext http, Refusal refusal);

    protected static (string User, string Password)? BasicLogin(HttpRequest request)
    {
        if (Header(request) is not { Scheme: "Basic", Parameter: { } parameter })
        {
            return null;
        }

        var bytes = new byte[parameter.Length];
        if (!Convert.TryFromBase64String(parameter, bytes, out var length))
        {
            return null;
        }

        var pair = Encoding.UTF8.GetString(bytes, 0, length).Split(':', 2);
        return pair is [{ Length: > 0 } user, { Length: > 0 } password] ? (user, password) : null;
    }

    protected static string? Token(HttpRequest request) =>
        Header(request) is { Scheme: "Bearer" or "FlyV1", Parameter: { Length: > 0 } token } ? token : null;

    protected static bool Accepts(string expected, string given) => expected.Length == 0 || expected == given;

    private static AuthenticationHeaderValue? Header(HttpRequest request) =>
        AuthenticationHeaderValue.TryParse(request.Headers.Authorization, out var header) ? header : null;
}
