using System.Globalization;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using WebHost.Problems;

namespace WebHost.Fleet;

/// <summary>Versions of rows as entity tags (RFC 9110), the same way for everything that changes in place.</summary>
internal static class VersionTag
{
    /// <summary>What the caller expects of what it changes: If-Match, <c>If-Match: *</c>, <c>If-None-Match: *</c> or neither.</summary>
    /// <exception cref="ProblemException">400 when If-Match is no tag of ours.</exception>
    public static RowExpectation ExpectedRow(this HttpRequest request)
    {
        if (request.Headers.IfNoneMatch.ToString() == "*")
        {
            return RowExpectation.Absent;
        }

        var match = request.Headers.IfMatch.ToString();
        if (match.Length == 0)
        {
            return RowExpectation.Anything;
        }

        if (match == "*")
        {
            return RowExpectation.Present;
        }

        return long.TryParse(match.Trim('"'), NumberStyles.None, CultureInfo.InvariantCulture, out var version)
            ? RowExpectation.At(version)
            : throw ProblemException.BadRequest("If-Match", "If-Match is not an ETag that this API gave out.");
    }

    /// <summary>Answers JSON with its version as ETag.</summary>
    public static IActionResult AnswerVersion(this HttpRequest request, object value, long version, int status)
    {
        request.HttpContext.Response.Headers.ETag = $"\"{version}\"";
        return Requests.Answer(value, status);
    }

    /// <summary>412: what the caller would change is not at the version it names.</summary>
    public static ProblemException Outdated(string what) => new(
        412, "Outdated", $"{what} is not at the version that the request names. GET it, and repeat the change on what you find.");
}
