using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Http;
using WebHost.Problems;

namespace WebHost.Fleet;

/// <summary>What tenants may call their things.</summary>
internal static partial class FleetNames
{
    private const int LongestName = 200;
    private const string IdForm = "An id has 1 to 64 letters, digits, '-', '_' or '.'.";

    /// <summary>Notes what is wrong with an id that a tenant chose and with a name.</summary>
    public static void Check(string member, string id, string? name, Dictionary<string, string[]> faults)
    {
        CheckId(member, id, faults);
        CheckName(name, faults);
    }

    /// <summary>Notes what is wrong with a name.</summary>
    public static void CheckName(string? name, Dictionary<string, string[]> faults)
    {
        if (string.IsNullOrWhiteSpace(name) || name.Trim().Length > LongestName || name.Any(char.IsControl))
        {
            faults["name"] = [$"Give it a name of 1 to {LongestName} characters, none of them a control character."];
        }
    }

    /// <summary>Notes that an id which a tenant may have chosen is none.</summary>
    public static void CheckId(string member, string? id, Dictionary<string, string[]> faults)
    {
        if (id is not null && !WellFormedId().IsMatch(id))
        {
            faults[member] = [IdForm];
        }
    }

    /// <summary>A query parameter that is an id which a tenant chose, or null when it is absent.</summary>
    /// <exception cref="ProblemException">400 when it cannot be one.</exception>
    public static string? QueryChosenId(this HttpRequest request, string name)
    {
        var text = request.Query[name].ToString();
        if (text.Length == 0)
        {
            return null;
        }

        return WellFormedId().IsMatch(text) ? text : throw ProblemException.BadRequest(name, $"{name} must be an id. {IdForm}");
    }

    // \z, since $ would let a newline at the end pass.
    [GeneratedRegex(@"^[A-Za-z0-9._-]{1,64}\z")]
    private static partial Regex WellFormedId();
}
