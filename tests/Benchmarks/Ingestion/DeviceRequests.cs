using System.Globalization;
using System.Text;

namespace WebHost.Benchmarks.Ingestion;

/// <summary>Requests as devices send them, ready for the wire. Each device is a second further with every point.</summary>
internal sealed class DeviceRequests(IReadOnlyList<string> tokens, DateTimeOffset start)
{
    private readonly int[] _next = new int[tokens.Count];

    public int Devices => tokens.Count;

    /// <summary>A batch in our own JSON.</summary>
    public byte[] Json(int device, int points)
    {
        var body = new StringBuilder("[");
        foreach (var i in Take(device, points))
        {
            body.Append(CultureInfo.InvariantCulture, $"{(body.Length > 1 ? "," : "")}{{\"time\":\"{Time(i):yyyy-MM-dd'T'HH:mm:ss'Z'}\",\"lat\":{Lat(i)},\"lon\":{Lon(i)},\"altitude\":{295 + (i % 40)},\"speed\":{i % 30}.25,\"course\":{i % 360},\"accuracy\":5,\"battery\":87}}");
        }

        return Post(device, body.Append(']'));
    }

    /// <summary>A batch as Overland sends it, with the extras that it always has.</summary>
    public byte[] Overland(int device, int points)
    {
        var body = new StringBuilder("{\"locations\":[");
        var first = true;
        foreach (var i in Take(device, points))
        {
            body.Append(CultureInfo.InvariantCulture, $"{(first ? "" : ",")}{{\"type\":\"Feature\",\"geometry\":{{\"type\":\"Point\",\"coordinates\":[{Lon(i)},{Lat(i)}]}},\"properties\":{{\"timestamp\":\"{Time(i):yyyy-MM-dd'T'HH:mm:ss'Z'}\",\"altitude\":{295 + (i % 40)},\"speed\":{i % 30},\"horizontal_accuracy\":5,\"vertical_accuracy\":3,\"motion\":[\"driving\"],\"pauses\":false,\"activity\":\"other_navigation\",\"battery_state\":\"unplugged\",\"battery_level\":0.87,\"device_id\":\"van-7\",\"wifi\":\"\"}}}}");
            first = false;
        }

        return Post(device, body.Append("]}"));
    }

    /// <summary>One point in the query string.</summary>
    public byte[] OsmAnd(int device)
    {
        var i = Take(device, 1).Single();
        return Encoding.ASCII.GetBytes(string.Create(
            CultureInfo.InvariantCulture,
            $"GET /api/gps/{tokens[device]}?lat={Lat(i)}&lon={Lon(i)}&timestamp={Time(i).ToUnixTimeSeconds()}&hdop=6.0&altitude={295 + (i % 40)}.0&speed={i % 30}.5&bearing={i % 360}.0&batt=87 HTTP/1.1\r\nHost: x\r\n\r\n"));
    }

    public static double Lat(int i) => 46.05 + (i % 1000 * 0.00001);

    public static double Lon(int i) => 14.5 + (i % 1000 * 0.00001);

    private DateTimeOffset Time(int i) => start.AddSeconds(i);

    private IEnumerable<int> Take(int device, int points)
    {
        var end = Interlocked.Add(ref _next[device], points);
        return Enumerable.Range(end - points, points);
    }

    private byte[] Post(int device, StringBuilder body) => Encoding.ASCII.GetBytes(string.Create(
        CultureInfo.InvariantCulture,
        $"POST /api/gps/{tokens[device]} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: {body.Length}\r\n\r\n{body}"));
}
