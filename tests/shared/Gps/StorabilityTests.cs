using CsCheck;
using Npgsql;
using WebHost.Gps;
using WebHost.Testing;
using WebHost.Tests.Gps.Protocols;

namespace WebHost.Tests.Gps;

public sealed class StorabilityTests
{
    // What JSON's grammar allows and PostgreSQL refuses, among what both take.
    private static readonly Gen<string> Text = Gen.OneOf<string>(
        "", "a", "\\u0000", "\\ud800", "\\udc00x", "\\ud83d\\ude00", "é", "\\\"", "\\n", "\u007f", "\ufffe", "wht_x")
        .Array[0, 4].Select(parts => $"\"{string.Concat(parts)}\"");

    private static readonly Gen<string> Value = Gen.Recursive<string>((depth, self) => depth > 4
        ? Text
        : Gen.OneOf(
            Text,
            Gen.OneOf<string>("1", "-0", "1.50", "1e400", "-1e-400", "1e-20000", "0E-20000", "1e200000", "true", "null", new string('9', 400)),
            self.Array[0, 3].Select(items => $"[{string.Join(',', items)}]"),
            Gen.Select(Text, self).Array[0, 3].Select(members =>
                $"{{{string.Join(',', members.Select(member => $"{member.Item1}:{member.Item2}"))}}}")));

    [Fact]
    public async Task Extras_hints_and_quarantined_text_of_any_message_can_be_stored()
    {
        var parsed = new List<ParsedRequest>();
        Gen.Select(Text, Text, Value, Gen.Bool).Sample(
            (hint, name, value, valid) => parsed.Add(Messages.Post(
                $$"""[{"time":1750000000,"lat":{{(valid ? "46.05" : "99")}},"lon":14.5,"deviceId":{{hint}},{{name}}:{{value}} }]""")),
            iter: 2_000,
            threads: 1);
        Assert.All(parsed, request => Assert.Null(request.Failure));
        await using var connection = new NpgsqlConnection(TestDatabase.ServerConnectionString);
        await connection.OpenAsync(TestContext.Current.CancellationToken);
        await using var command = new NpgsqlCommand(
            "SELECT count(extras::jsonb), count(plain) FROM unnest($1::text[], $2::text[]) AS sent (extras, plain)", connection)
        {
            Parameters =
            {
                new() { Value = parsed.SelectMany(request => request.Points).Select(point => point.Extras).ToArray() },
                new()
                {
                    Value = parsed.SelectMany(request => request.Points.Select(point => point.DeviceHint)
                        .Concat(request.Quarantined.Select(quarantined => quarantined.Raw))).ToArray(),
                },
            },
        };

        await using var reader = await command.ExecuteReaderAsync(TestContext.Current.CancellationToken);

        Assert.True(await reader.ReadAsync(TestContext.Current.CancellationToken));
        Assert.True(reader.GetInt64(0) > 500);
        Assert.True(reader.GetInt64(1) > 500);
    }
}
