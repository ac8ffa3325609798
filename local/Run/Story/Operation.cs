using System.Text.Json;

namespace WebHost.Local.Run.Story;

/// <summary>An operation as GET /api/operations/{id} answers it.</summary>
internal sealed record Operation(
    string Id,
    string Kind,
    string State,
    IReadOnlyList<OperationStep> Steps,
    JsonElement? Error = null)
{
    public bool IsOver => State is not ("pending" or "running");
}
