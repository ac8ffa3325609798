using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Microsoft.Azure.Functions.Worker;
using Microsoft.Extensions.Primitives;
using WebHost.Fleet;
using WebHost.Gps.Ingestion;
using WebHost.OpenApi;
using WebHost.Plans;
using WebHost.Problems;

namespace WebHost.Gps;

/// <summary>The door for GPS devices. A 2xx means that the points survive any crash from then on.</summary>
public sealed class ReceivePoints(DeviceStore devices, GpsParser parser, PointQueue queue, TimeProvider time)
{
    private const int BytesPerMegabyte = 1_000_000;

    /// <summary>Takes whatever a device posts, in any protocol and by any method; several apps write with GET.</summary>
    [Function("ReceivePoints")]
    [Endpoint("Post points in any device's protocol", Tag = "GPS", Caller = "device", Methods = ["get", "post"])]
    public async Task<IActionResult> RunAsync(
        [HttpTrigger(AuthorizationLevel.Anonymous, Route = "gps/{token?}")] HttpRequest request,
        string? token,
        CancellationToken cancellationToken)
    {
        request.HttpContext.Response.Headers.CacheControl = "no-store";
        var device = await AuthenticateAsync(request, token, cancellationToken);
        var limit = PlanCatalog.Standard.Get(device.Plan).Limits.UploadMegabytes * BytesPerMegabyte;
        var parsed = parser.Parse(
            new GpsRequest
            {
                Method = request.Method,
                QueryString = WithoutCredentials(request),
                Body = await request.ReadBodyAsync(limit, cancellationToken),
                OwnTracksUser = Text(request.Headers["X-Limit-U"]),
                OwnTracksDevice = Text(request.Headers["X-Limit-D"]),
            },
            device.SpeedUnit);
        if (parsed.Failure is { } failure)
        {
            throw ProblemException.BadRequest("$", failure);
        }

        var batch = new PointBatch(
            device.TenantId, device.DeviceId, time.GetUtcNow(), parsed.Protocol, parsed.Points, parsed.Heartbeats, parsed.Quarantined);
        if (!batch.IsEmpty)
        {
            await queue.EnqueueAsync(batch, cancellationToken);
        }

        return parsed.Reply.ContentType is { } contentType
            ? new ContentResult { Content = parsed.Reply.Body, ContentType = contentType, StatusCode = StatusCodes.Status200OK }
            : new StatusCodeResult(StatusCodes.Status200OK);
    }

    // 401 and 403 are for identity only: a device may take any other 4xx as a reason to stop for ever.
    private async Task<KnownDevice> AuthenticateAsync(HttpRequest request, string? pathToken, CancellationToken cancellationToken)
    {
        var shown = false;
        foreach (var credential in DeviceCredentials.Of(request, pathToken))
        {
            shown = true;
            if (await devices.FindByTokenAsync(credential, cancellationToken) is { } device)
            {
                return device;
            }
        }

        throw shown
            ? ProblemException.Forbidden("The device's token is unknown or has been revoked. Register the device again.")
            : ProblemException.Unauthorized(
                "Show the device's token: in the path (/api/gps/{token}), as Authorization: Bearer or Basic, or as ?token=.");
    }

    // What is kept of a request must not hold the token.
    private static string WithoutCredentials(HttpRequest request) =>
        DeviceCredentials.QueryNames.Any(request.Query.ContainsKey)
            ? QueryString.Create(request.Query
                .Where(pair => !DeviceCredentials.QueryNames.Contains(pair.Key, StringComparer.OrdinalIgnoreCase))
                .SelectMany(pair => pair.Value.Select(value => KeyValuePair.Create(pair.Key, value)))).Value ?? ""
            : request.QueryString.Value ?? "";

    private static string? Text(StringValues header) => StringValues.IsNullOrEmpty(header) ? null : header.ToString();
}
