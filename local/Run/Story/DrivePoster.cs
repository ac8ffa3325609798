using System.Globalization;
using System.Net;
using WebHost.Local.Run.Drives;

namespace WebHost.Local.Run.Story;

/// <summary>Posts a drive the way a phone does: one point at a time, in order, over one connection that is kept alive.</summary>
internal static class DrivePoster
{
    private static readonly TimeSpan DefaultPause = TimeSpan.FromSeconds(1);

    /// <param name="posted">Told of each point that was accepted.</param>
    /// <exception cref="StoryException">A point was refused.</exception>
    public static async Task PostAsync(DrivenDevice device, Action<int> posted, CancellationToken cancellation)
    {
        using var http = new HttpClient(new SocketsHttpHandler { MaxConnectionsPerServer = 1 });
        foreach (var fix in device.Drive)
        {
            while (!await TryPostAsync(http, device, fix, cancellation))
            {
            }

            posted(1);
        }
    }

    /// <summary>False when the server asked for a pause, which has passed by then: the same point is to be sent again.</summary>
    private static async Task<bool> TryPostAsync(
        HttpClient http, DrivenDevice device, Fix fix, CancellationToken cancellation)
    {
        using var request = device.Device.Post(fix);
        using var response = await http.SendAsync(request, cancellation);
        if (response.IsSuccessStatusCode)
        {
            return true;
        }

        if (response.StatusCode is HttpStatusCode.TooManyRequests or HttpStatusCode.ServiceUnavailable)
        {
            await Task.Delay(response.Headers.RetryAfter?.Delta ?? DefaultPause, cancellation);
            return false;
        }

        // The address has the device's token in it: name the device instead.
        var answer = await response.Content.ReadAsStringAsync(cancellation);
        throw new StoryException(string.Create(
            CultureInfo.InvariantCulture,
            $"A point of {device.Name} at {fix.Time:O}: expected a 2xx, found {(int)response.StatusCode} {answer}"));
    }
}
