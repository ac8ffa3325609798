using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Microsoft.Azure.Functions.Worker;
using Microsoft.Extensions.Primitives;
using WebHost.Fleet;
using WebHost.Gps.Allowances;
using WebHost.Gps.Ingestion;
using WebHost.OpenApi;
using WebHost.Plans;
using WebHost.Problems;

namespace WebHost.Gps;

/// <summary>The door for GPS devices. A 2xx means that the points survive any crash from then on.</summary>
public sealed class ReceivePoints(
    KnownDevices devices,
    TrackerStore trackers,
    PointAllowances allowances,
    GpsParser parser,
    PointQueue queue,
    TimeProvider time)
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
        var limits = PlanCatalog.Standard.Get(device.Plan).Limits;

        // Whoever is over the limit is told before the work of reading is done.
        ThrowIfRefused(allowances.Take(device.TenantId, limits, points: 0), limits);
        var parsed = await ParseAsync(
            new GpsRequest
            {
                Method = request.Method,
                QueryString = request.QueryString.Value ?? "",
                Body = await DeviceBody.ReadAsync(request, limits.UploadMegabytes * BytesPerMegabyte, cancellationToken),
                OwnTracksUser = Text(request.Headers["X-Limit-U"]),
                OwnTracksDevice = Text(request.Headers["X-Limit-D"]),
            },
            device,
            cancellationToken);
        if (parsed.Failure is { } failure)
        {
            throw ProblemException.BadRequest("$", failure);
        }

        var batches = TrackerBatches.Divide(device, parsed, time.GetUtcNow());
        var points = Admit(device.TenantId, batches, limits);
        try
        {
            await queue.EnqueueAsync(batches);
        }
        catch (PointsNotTakenException)
        {
            allowances.GiveBack(device.TenantId, points);
            throw;
        }

        return parsed.Reply.ContentType is { } contentType
            ? new ContentResult { Content = parsed.Reply.Body, ContentType = contentType, StatusCode = StatusCodes.Status200OK }
            : new StatusCodeResult(StatusCodes.Status200OK);
    }

    // Trackers that are known cost a look into a dictionary. Others are registered before their points are accepted. Of those that
    // turn out not to be taken, here or by a request beside this one, the request is read once more, since a quarantined message
    // is kept as it came.
    private async ValueTask<ParsedRequest> ParseAsync(
        GpsRequest request, KnownDevice device, CancellationToken cancellationToken)
    {
        var parsed = parser.Parse(request, device.SpeedUnit, device.Trackers.Refuses);
        var unknown = TrackerBatches.FindUnknown(parsed, device.Trackers);
        if (unknown.Count > 0)
        {
            await trackers.RegisterAsync(device, unknown, cancellationToken);
        }

        return TrackerBatches.HasRefused(parsed, device.Trackers)
            ? parser.Parse(request, device.SpeedUnit, device.Trackers.Refuses)
            : parsed;
    }

    // All of a request's points, or none of them.
    private int Admit(Guid tenantId, IReadOnlyList<PointBatch> batches, PlanLimits limits)
    {
        var count = batches.Sum(batch => batch.Count);
        if (count > limits.PointsPerRequest)
        {
            throw new ProblemException(
                StatusCodes.Status413PayloadTooLarge,
                "Too large",
                $"The request holds {count:N0} points; the plan's limit is {limits.PointsPerRequest:N0} in one request. "
                + "Send them in parts.");
        }

        ThrowIfRefused(allowances.Take(tenantId, limits, count), limits);
        return count;
    }

    private static void ThrowIfRefused(TimeSpan? wait, PlanLimits limits)
    {
        if (wait is { } delay)
        {
            throw new ProblemException(
                StatusCodes.Status429TooManyRequests,
                "Too many points",
                $"The plan allows {limits.PointsPerSecond:N0} points a second, {limits.PointBurst:N0} at once after a rest. "
                + "Send them again later.")
            {
                RetryAfter = delay,
            };
        }
    }

    // 401 and 403 are for identity only: a device may take any other 4xx as a reason to stop for ever.
    private async ValueTask<KnownDevice> AuthenticateAsync(
        HttpRequest request, string? pathToken, CancellationToken cancellationToken)
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

    private static string? Text(StringValues header) => StringValues.IsNullOrEmpty(header) ? null : header.ToString();
}
