using WebHost.Local.Providers.Calls;
using WebHost.Local.Providers.Faults;

namespace WebHost.Local.Providers.Http;

/// <summary>What every vendor's call goes through: log, latency, login, limits, ordered faults, and the vendor's form of no.</summary>
internal sealed class VendorMiddleware(
    RequestDelegate next, CallLog calls, FaultStore faults, RateLimits limits, SimulatorsOptions options)
{
    // Longer than any client waits, so that the client's own timeout decides.
    private static readonly TimeSpan Silence = TimeSpan.FromMinutes(5);

    public async Task InvokeAsync(HttpContext http)
    {
        if (http.GetEndpoint()?.Metadata.GetMetadata<Operation>() is not { } operation)
        {
            await next(http);
            return;
        }

        http.Request.EnableBuffering();
        var vendor = operation.Vendor;
        var name = await vendor.OperationOfAsync(http, operation);
        if (options.LatencyMs > 0)
        {
            await Task.Delay(options.LatencyMs, http.RequestAborted);
        }

        var fault = await faults.TakeAsync(vendor.Name, name);
        switch (fault?.Kind)
        {
            case FaultKind.Timeout:
                await calls.AddAsync(http, vendor.Name, name, null);
                await Task.Delay(fault.Delay ?? Silence, http.RequestAborted).ContinueWith(
                    _ => { }, CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
                http.Abort();
                return;
            case FaultKind.LostResponse:
                http.Response.Body = Stream.Null;
                await AnswerAsync(http, vendor, name, null);
                await calls.AddAsync(http, vendor.Name, name, http.Response.StatusCode);
                http.Abort();
                return;
            case FaultKind.Slow:
                await Task.Delay(fault.Delay ?? TimeSpan.FromSeconds(1), http.RequestAborted);
                break;
        }

        await AnswerAsync(http, vendor, name, fault?.Kind switch
        {
            FaultKind.Error => vendor.Fault(fault.Status ?? StatusCodes.Status500InternalServerError),
            FaultKind.RateLimit => vendor.RateLimited(name),
            FaultKind.Capacity => vendor.NoCapacity(),
            _ => null,
        });
        await calls.AddAsync(http, vendor.Name, name, http.Response.StatusCode);
    }

    private async Task AnswerAsync(HttpContext http, Vendor vendor, string operation, Refusal? refusal)
    {
        refusal ??= vendor.Authorize(http);
        if (refusal is null && !limits.Allows(vendor, operation, http.Request.RouteValues))
        {
            refusal = vendor.RateLimited(operation);
        }

        if (refusal is null)
        {
            try
            {
                await next(http);
                return;
            }
            catch (Refusal thrown)
            {
                refusal = thrown;
            }
        }

        http.Response.StatusCode = refusal.Status;
        http.Response.ContentType = "application/json; charset=utf-8";
        if (refusal.RetryAfterSeconds is { } seconds)
        {
            http.Response.Headers.RetryAfter = seconds.ToString(System.Globalization.CultureInfo.InvariantCulture);
        }

        await vendor.WriteAsync(http, refusal);
    }
}
