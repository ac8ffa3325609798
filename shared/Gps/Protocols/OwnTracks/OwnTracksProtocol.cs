using System.Text.Json;
using WebHost.Gps.Reading;

namespace WebHost.Gps.Protocols.OwnTracks;

/// <summary>
/// OwnTracks in HTTP mode: one JSON object with <c>_type</c>. Only <c>location</c> is a point, everything else a sign of life.
/// The reply is a JSON array whose objects the phone obeys, so it stays empty.
/// </summary>
internal sealed class OwnTracksProtocol : IGpsProtocol
{
    private const double MpsPerKmh = 1 / 3.6;

    // Overland's OwnTracks mode counts seconds from 2001 instead of 1970.
    private static readonly TimeSpan OverlandEpoch = TimeSpan.FromSeconds(978_307_200);
    private static readonly TimeSpan OverlandTolerance = TimeSpan.FromDays(1);

    public GpsProtocol Protocol => GpsProtocol.OwnTracks;

    public bool Recognises(RequestShape shape) =>
        shape.IsJson
            ? !shape.IsJsonArray && shape.HasMember("_type")
            : shape.Body.IsEmpty && shape.Request is not { OwnTracksUser: null, OwnTracksDevice: null };

    public void Parse(RequestShape shape, PointSink sink)
    {
        using var fix = new RawFix();
        if (shape.Body.IsEmpty)
        {
            fix.DeviceHint = HintFromRequest(shape);
            sink.FileHeartbeat(fix, default);
            return;
        }

        var json = shape.Body.Span;
        var reader = JsonTokens.Open(json);
        string? type = null;
        string? topic = null;
        string? trackerId = null;
        reader.Read();
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var name = JsonTokens.Text(ref reader);
            reader.Read();
            switch (name)
            {
                case "_type":
                    type = JsonTokens.Name(ref reader);
                    break;
                case "topic":
                    topic = JsonTokens.Name(ref reader);
                    break;
                case "tid":
                    trackerId = JsonTokens.Name(ref reader);
                    break;
                case "tst":
                    fix.SetTime(JsonTokens.Time(ref reader));
                    break;
                case "lat":
                    fix.Latitude = JsonTokens.Number(ref reader);
                    break;
                case "lon":
                    fix.Longitude = JsonTokens.Number(ref reader);
                    break;
                case "alt":
                    fix.AltitudeM = JsonTokens.Number(ref reader);
                    break;
                case "vel":
                    fix.SpeedMps = JsonTokens.Number(ref reader) * MpsPerKmh;
                    break;
                case "cog":
                    fix.CourseDegrees = JsonTokens.Number(ref reader);
                    break;
                case "acc":
                    fix.AccuracyM = JsonTokens.Number(ref reader);
                    break;
                case "batt":
                    fix.BatteryPercent = JsonTokens.Number(ref reader);
                    break;
                default:
                    fix.Extras.Copy(name, ref reader);
                    break;
            }
        }

        reader.Read();
        fix.DeviceHint = HintFromTopic(topic) ?? HintFromRequest(shape) ?? trackerId;
        CorrectEpoch(fix, sink.ReceivedAt);
        switch (type)
        {
            case "location":
                sink.File(fix, json);
                break;
            case "encrypted":
                sink.Quarantine(QuarantineReason.Encrypted, json, fix.DeviceHint);
                break;
            default:
                sink.FileHeartbeat(fix, json);
                break;
        }
    }

    public GpsReply Reply(PointSink sink) => GpsReply.Json("[]");

    // "owntracks/user/device", with further levels for what is no location. The headers give user and device without the base.
    private static string? HintFromTopic(string? topic) =>
        topic?.Split('/') is [_, var user, var device, ..] ? $"{user}/{device}" : topic;

    private static string? HintFromRequest(RequestShape shape)
    {
        var user = shape.Request.OwnTracksUser ?? shape.Parameters["u"];
        var device = shape.Request.OwnTracksDevice ?? shape.Parameters["d"];
        return user is null || device is null ? user ?? device : $"{user}/{device}";
    }

    private static void CorrectEpoch(RawFix fix, DateTimeOffset receivedAt)
    {
        if (fix.Time is { } time
            && (time - receivedAt).Duration() > OverlandTolerance
            && (time - (receivedAt - OverlandEpoch)).Duration() <= OverlandTolerance)
        {
            fix.Time = time + OverlandEpoch;
        }
    }
}
