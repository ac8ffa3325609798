using System.Globalization;
using System.Net;

namespace WebHost.Providers.Cloudflare;

/// <summary>What Cloudflare's refusals mean: the one place that reads them.</summary>
internal sealed class CloudflareErrors : ProviderErrors
{
    public const string Name = "Cloudflare";
    public const string RecordExists = "81057";
    public const string IdenticalRecordExists = "81058";
    public const string NotOurs = "not_ours";

    public override string Provider => Name;

    protected override string RequestIdHeader => "cf-ray";

    protected override ProviderError? Read(HttpStatusCode status, string body)
    {
        var envelope = Parse<Answer>(body);
        if (IsSuccess(status))
        {
            // A 200 that is not the envelope is a proxy's page, not Cloudflare's consent. Deletions answer a result alone.
            return envelope is { Success: not false }
                ? null
                : Refusal(status, envelope, body) with { Kind = envelope is null ? ProviderErrorKind.Transient : ProviderErrorKind.Permanent };
        }

        return Refusal(status, envelope, body);
    }

    private static ProviderError Refusal(HttpStatusCode status, Answer? envelope, string body)
    {
        var faults = envelope?.Errors?.OfType<Fault>().ToList() ?? [];
        var first = faults is [var reason, ..] ? reason : null;
        var kind = first?.Code switch
        {
            // "The record already exists", "An identical record already exists", "… with that host already exists".
            81057 or 81058 or 81053 => ProviderErrorKind.Conflict,
            // "Record does not exist."
            81044 => ProviderErrorKind.NotFound,
            // "Record quota exceeded."
            81045 => ProviderErrorKind.Capacity,
            // "Authentication error", "Invalid access token", "Invalid request headers" (a malformed token).
            10000 or 9109 or 6003 => ProviderErrorKind.Auth,
            // "Could not route to …": the zone is wrong, no record is missing.
            7000 or 7003 => ProviderErrorKind.Permanent,
            _ => KindOf(status),
        };
        var message = string.Join("; ", faults.Select(fault => fault.Message).Where(words => !string.IsNullOrEmpty(words)));
        return new ProviderError(kind, message.Length > 0 ? message : Fallback(status, body)) { Code = first?.Code.ToString(CultureInfo.InvariantCulture) };
    }

    private sealed record Answer(bool? Success, IReadOnlyList<Fault?>? Errors);

    private sealed record Fault(int Code, string? Message);
}
