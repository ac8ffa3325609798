using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using Microsoft.DurableTask;

namespace WebHost.Local.DurableTask.History;

/// <summary>How history, messages and failures are written. What was written once must stay readable.</summary>
[JsonSerializable(typeof(HistoryDocument))]
[JsonSerializable(typeof(HistoryStep))]
[JsonSerializable(typeof(HistoryEvent))]
[JsonSerializable(typeof(TaskFailureDetails))]
internal sealed partial class HistoryJson : JsonSerializerContext
{
    /// <summary>Payloads are JSON inside JSON: escaping no more than JSON itself asks for halves their size.</summary>
    private static readonly HistoryJson Compact = new(new JsonSerializerOptions
    {
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    });

    public static string Write(HistoryStep step) => JsonSerializer.Serialize(step, Compact.HistoryStep);

    public static string Write(HistoryEvent message) => JsonSerializer.Serialize(message, Compact.HistoryEvent);

    public static string Write(TaskFailureDetails failure) =>
        JsonSerializer.Serialize(failure, Compact.TaskFailureDetails);

    public static string Write(HistoryDocument document) => JsonSerializer.Serialize(document, Compact.HistoryDocument);

    public static HistoryDocument ReadDocument(string json) => JsonSerializer.Deserialize(json, Compact.HistoryDocument)!;

    public static HistoryStep ReadStep(string json) => JsonSerializer.Deserialize(json, Compact.HistoryStep)!;

    public static HistoryEvent ReadEvent(string json) => JsonSerializer.Deserialize(json, Compact.HistoryEvent)!;

    public static TaskFailureDetails ReadFailure(string json) =>
        JsonSerializer.Deserialize(json, Compact.TaskFailureDetails)!;
}
