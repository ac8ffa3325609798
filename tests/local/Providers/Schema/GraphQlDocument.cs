using System.Text.Json;
using System.Text.Json.Nodes;
using GraphQLParser;
using GraphQLParser.AST;

namespace WebHost.Local.Providers.Tests.Schema;

/// <summary>A vendor's GraphQL schema, or the part of it that we have, held against what was asked and answered.</summary>
internal sealed class GraphQlDocument
{
    private readonly Dictionary<string, List<GraphQLFieldDefinition>> _fields = [];
    private readonly Dictionary<string, List<GraphQLInputValueDefinition>> _inputs = [];
    private readonly Dictionary<string, HashSet<string>> _enums = [];

    public GraphQlDocument(string path)
    {
        foreach (var definition in Parser.Parse(File.ReadAllText(path)).Definitions)
        {
            switch (definition)
            {
                case GraphQLObjectTypeDefinition { Name: var name, Fields: { } fields }:
                    AddFields(name.StringValue, fields);
                    break;
                case GraphQLObjectTypeExtension { Name: var name, Fields: { } fields }:
                    AddFields(name.StringValue, fields);
                    break;
                case GraphQLInputObjectTypeDefinition { Name: var name, Fields: { } fields }:
                    _inputs[name.StringValue] = fields.Items;
                    break;
                case GraphQLEnumTypeDefinition { Name: var name, Values: { } values }:
                    _enums[name.StringValue] = [.. values.Items.Select(value => value.Name.StringValue)];
                    break;
            }
        }
    }

    /// <summary>Checks one operation with its variables and, when it was not refused, its answer.</summary>
    /// <param name="request">The body that was posted.</param>
    /// <param name="data">The answer's data; null when it was refused.</param>
    /// <param name="answers">Types of root fields that this part of the schema leaves out.</param>
    /// <returns>The root fields that are described, and every way in which the call contradicts the schema.</returns>
    public (IReadOnlyList<string> Described, IReadOnlyList<string> Faults) Check(
        JsonObject request, JsonObject? data, IReadOnlyDictionary<string, string> answers)
    {
        var described = new List<string>();
        var faults = new List<string>();
        var operation = Parser.Parse((string)request["query"]!).Definitions.OfType<GraphQLOperationDefinition>().Single();
        var variables = operation.Variables?.Items ?? [];
        var values = request["variables"] as JsonObject ?? [];
        if (operation.Name?.StringValue != (string?)request["operationName"])
        {
            faults.Add($"the operation is not named {request["operationName"]}");
        }

        faults.AddRange(values.Select(value => value.Key)
            .Except(variables.Select(variable => variable.Variable.Name.StringValue))
            .Select(name => $"variable ${name} is not declared"));
        foreach (var variable in variables)
        {
            var name = variable.Variable.Name.StringValue;
            CheckInput(values[name], variable.Type, $"${name}", faults);
        }

        foreach (var field in Fields(operation.SelectionSet))
        {
            var name = field.Name.StringValue;
            if (FieldOf($"{operation.Operation}", name) is { } definition)
            {
                described.Add(name);
                CheckArguments(field, definition, variables, faults);
                CheckAnswer(data?[name], definition.Type, field.SelectionSet, name, data is not null, faults);
            }
            else if (answers.TryGetValue(name, out var type))
            {
                described.Add(name);
                CheckObject(data?[name] as JsonObject, type, field.SelectionSet, name, data?[name] is not null, faults);
            }
        }

        return (described, faults);
    }

    private static IEnumerable<GraphQLField> Fields(GraphQLSelectionSet? selections) =>
        selections?.Selections.OfType<GraphQLField>() ?? [];

    private static string NameOf(GraphQLType type) => type switch
    {
        GraphQLNonNullType nonNull => NameOf(nonNull.Type),
        GraphQLListType list => NameOf(list.Type),
        _ => ((GraphQLNamedType)type).Name.StringValue,
    };

    private static bool IsScalar(JsonNode value, string type) => (type, value.GetValueKind()) switch
    {
        ("String" or "ID" or "ISO8601DateTime", var kind) => kind == JsonValueKind.String,
        ("Boolean", var kind) => kind is JsonValueKind.True or JsonValueKind.False,
        ("Int", var kind) => kind == JsonValueKind.Number && value.ToJsonString().IndexOf('.', StringComparison.Ordinal) < 0,
        // JSON is anything, and so is a type that this part of the schema only names.
        _ => true,
    };

    // Where T is asked for, T! will do, and the other way round not.
    private static bool Fits(GraphQLType given, GraphQLType wanted) => (given, wanted) switch
    {
        (GraphQLNonNullType inner, GraphQLNonNullType outer) => Fits(inner.Type, outer.Type),
        (GraphQLNonNullType inner, _) => Fits(inner.Type, wanted),
        (GraphQLListType inner, GraphQLListType outer) => Fits(inner.Type, outer.Type),
        (GraphQLNamedType inner, GraphQLNamedType outer) => inner.Name.Equals(outer.Name),
        _ => false,
    };

    private static void CheckArguments(
        GraphQLField field,
        GraphQLFieldDefinition definition,
        List<GraphQLVariableDefinition> variables,
        List<string> faults)
    {
        var known = definition.Arguments?.Items ?? [];
        var given = field.Arguments?.Items ?? [];
        foreach (var argument in given)
        {
            if (known.Find(candidate => candidate.Name.Equals(argument.Name)) is not { } wanted)
            {
                faults.Add($"{field.Name.StringValue} takes no {argument.Name.StringValue}");
            }
            else if (argument.Value is GraphQLVariable { Name: var name }
                && !variables.Exists(variable => variable.Variable.Name.Equals(name) && Fits(variable.Type, wanted.Type)))
            {
                faults.Add($"${name.StringValue} is no {NameOf(wanted.Type)} as {field.Name.StringValue} needs");
            }
        }

        faults.AddRange(known
            .Where(argument => argument.Type is GraphQLNonNullType)
            .Where(argument => !given.Exists(other => other.Name.Equals(argument.Name)))
            .Select(argument => $"{field.Name.StringValue} has no {argument.Name.StringValue}"));
    }

    private void AddFields(string type, GraphQLFieldsDefinition fields)
    {
        if (!_fields.TryGetValue(type, out var known))
        {
            _fields[type] = known = [];
        }

        known.AddRange(fields.Items);
    }

    private GraphQLFieldDefinition? FieldOf(string type, string name) =>
        _fields.GetValueOrDefault(type)?.Find(field => field.Name.StringValue == name);

    private void CheckInput(JsonNode? value, GraphQLType type, string at, List<string> faults)
    {
        if (type is GraphQLNonNullType nonNull)
        {
            if (value is null)
            {
                faults.Add($"{at} is missing");
                return;
            }

            type = nonNull.Type;
        }

        var name = NameOf(type);
        if (value is null)
        {
            return;
        }

        if (type is GraphQLListType list)
        {
            if (value is not JsonArray items)
            {
                faults.Add($"{at} is no list");
                return;
            }

            foreach (var item in items)
            {
                CheckInput(item, list.Type, $"{at}[]", faults);
            }
        }
        else if (_inputs.TryGetValue(name, out var members))
        {
            var fields = value as JsonObject ?? [];
            faults.AddRange(fields.Select(field => field.Key)
                .Except(members.Select(member => member.Name.StringValue))
                .Select(field => $"{at}.{field} is not described"));
            members.ForEach(member => CheckInput(
                fields[member.Name.StringValue], member.Type, $"{at}.{member.Name.StringValue}", faults));
        }
        else if (_enums.TryGetValue(name, out var allowed) ? !allowed.Contains(value.ToString()) : !IsScalar(value, name))
        {
            faults.Add($"{at} is {value.ToJsonString()}, no {name}");
        }
    }

    private void CheckAnswer(
        JsonNode? value, GraphQLType type, GraphQLSelectionSet? selections, string at, bool answered, List<string> faults)
    {
        if (answered && value is null && type is GraphQLNonNullType)
        {
            faults.Add($"{at} is null");
        }

        if (_fields.ContainsKey(NameOf(type)))
        {
            CheckObject(value as JsonObject, NameOf(type), selections, at, value is not null, faults);
        }
        else if (value is not null && selections is null && type is not GraphQLListType && !IsScalar(value, NameOf(type)))
        {
            faults.Add($"{at} is {value.GetValueKind()}, no {NameOf(type)}");
        }
    }

    private void CheckObject(
        JsonObject? value, string type, GraphQLSelectionSet? selections, string at, bool answered, List<string> faults)
    {
        var selected = Fields(selections).ToList();
        if (selected.Count == 0)
        {
            faults.Add($"{at} is {type}, and nothing of it is selected");
        }

        if (answered)
        {
            faults.AddRange((value ?? []).Select(field => field.Key)
                .Except(selected.Select(field => field.Name.StringValue))
                .Select(name => $"{at}.{name} was answered and not asked for"));
        }

        foreach (var field in selected)
        {
            var name = field.Name.StringValue;
            if (FieldOf(type, name) is not { } definition)
            {
                faults.Add($"{type} has no {name}");
                continue;
            }

            if (answered && value?.ContainsKey(name) != true)
            {
                faults.Add($"{at}.{name} was not answered");
            }

            CheckAnswer(value?[name], definition.Type, field.SelectionSet, $"{at}.{name}", answered, faults);
        }
    }
}
