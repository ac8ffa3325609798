using Microsoft.AspNetCore.Routing.Patterns;

namespace WebHost.Local.Functions;

/// <summary>An endpoint; without methods it answers every method.</summary>
internal sealed record HttpFunction(LocalFunction Function, RoutePattern Route, IReadOnlyList<string> Methods)
{
    /// <summary>Pairs that would answer the same request, of which ASP.NET Core would serve neither.</summary>
    internal static IEnumerable<string> Conflicts(IReadOnlyList<HttpFunction> functions) =>
        from first in functions.Index()
        from second in functions.Skip(first.Index + 1)
        where first.Item.Shape == second.Shape && first.Item.SharesMethodWith(second)
        select $"'{first.Item.Function.Name}' and '{second.Function.Name}' have the same route '{second.Route.RawText}' and method.";

    private string Shape => string.Join('/', Route.PathSegments.Select(segment => string.Concat(segment.Parts.Select(part =>
        part switch
        {
            RoutePatternLiteralPart literal => literal.Content,
            RoutePatternSeparatorPart separator => separator.Content,
            RoutePatternParameterPart parameter =>
                $"{{{(parameter.IsCatchAll ? "*" : "")}:{string.Join(':', parameter.ParameterPolicies.Select(policy => policy.Content))}}}",
            _ => "",
        })))).ToUpperInvariant();

    private bool SharesMethodWith(HttpFunction other) =>
        Methods.Count == 0 || other.Methods.Count == 0
        || Methods.Intersect(other.Methods, StringComparer.OrdinalIgnoreCase).Any();
}
