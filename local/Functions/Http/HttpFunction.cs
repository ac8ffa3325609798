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
        let names = $"'{first.Item.Function.Name}' and '{second.Function.Name}'"
        select $"{names} have the same route '{second.Route.RawText}' and method.";

    /// <summary>The route without the names of its parameters, which make no difference to what it matches.</summary>
    private string Shape => string
        .Join('/', Route.PathSegments.Select(segment => string.Concat(segment.Parts.Select(ShapeOf))))
        .ToUpperInvariant();

    private static string ShapeOf(RoutePatternPart part) => part switch
    {
        RoutePatternLiteralPart literal => literal.Content,
        RoutePatternSeparatorPart separator => separator.Content,
        RoutePatternParameterPart { IsCatchAll: true } => "{*}",
        RoutePatternParameterPart parameter =>
            $"{{{string.Join(':', parameter.ParameterPolicies.Select(policy => policy.Content))}}}",
        _ => throw new ArgumentOutOfRangeException(nameof(part), part, "Not a kind of route part."),
    };

    private bool SharesMethodWith(HttpFunction other) =>
        Methods.Count == 0 || other.Methods.Count == 0
        || Methods.Intersect(other.Methods, StringComparer.OrdinalIgnoreCase).Any();
}
