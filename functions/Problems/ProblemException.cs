namespace WebHost.Problems;

/// <summary>Ends a call with application/problem+json (RFC 9457).</summary>
/// <param name="status">The HTTP status.</param>
/// <param name="title">What kind of problem it is; the same for every occurrence.</param>
/// <param name="detail">What happened and what to do about it.</param>
public sealed class ProblemException(int status, string title, string detail) : Exception(detail)
{
    /// <summary>The HTTP status.</summary>
    public int Status { get; } = status;

    /// <summary>What kind of problem it is.</summary>
    public string Title { get; } = title;

    /// <summary>Every fault of the request, by the path of the member at fault.</summary>
    public IReadOnlyDictionary<string, string[]>? Errors { get; init; }

    /// <summary>When the caller may try again; sent as Retry-After.</summary>
    public TimeSpan? RetryAfter { get; init; }

    /// <summary>401.</summary>
    public static ProblemException Unauthorized(string detail) => new(401, "Not authenticated", detail);

    /// <summary>403.</summary>
    public static ProblemException Forbidden(string detail) => new(403, "Not allowed", detail);

    /// <summary>404.</summary>
    public static ProblemException NotFound(string detail) => new(404, "Not found", detail);

    /// <summary>409.</summary>
    public static ProblemException Conflict(string detail) => new(409, "Conflicts with the present state", detail);

    /// <summary>400, with a sentence for a member of the request.</summary>
    public static ProblemException BadRequest(string member, string detail) => new(400, "Malformed request", detail)
    {
        Errors = new Dictionary<string, string[]> { [member] = [detail] },
    };

    /// <summary>422, with every fault.</summary>
    public static ProblemException Unprocessable(IReadOnlyDictionary<string, string[]> errors) =>
        new(422, "Invalid request", $"The request has {errors.Count} fault{(errors.Count == 1 ? "" : "s")}; errors names each. Mend them and send it again.")
        {
            Errors = errors,
        };
}
