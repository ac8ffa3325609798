using WebHost.Data;
using WebHost.Migration;

namespace WebHost.Tests.Migration;

public sealed class MovedTableTests(MigrationFixture fixture) : IClassFixture<MigrationFixture>
{
    [Fact]
    public async Task All_are_the_tables_of_the_schema_with_every_column()
    {
        await using var connection = await fixture.Connections.OpenAsync(fixture.Source, default);

        var tables = await MigrationFixture.TablesAsync(connection);

        Assert.Equal(
            tables.OrderBy(table => table.Key).Select(table => (table.Key, string.Join(", ", table.Value.Order()))),
            MovedTable.All.OrderBy(table => table.Name)
                .Select(table => (table.Name, string.Join(", ", table.Key.Concat(table.Content).Order()))));
    }

    [Fact]
    public async Task Keys_are_the_primary_keys_and_tables_that_grow_say_who_wrote_a_row()
    {
        await using var connection = await fixture.Connections.OpenAsync(fixture.Source, default);
        foreach (var table in MovedTable.All)
        {
            var (key, marked) = await connection.Sql(
                """
                SELECT (SELECT array_agg(a.attname::text ORDER BY array_position(i.indkey::int2[], a.attnum))
                        FROM pg_index i JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = ANY (i.indkey)
                        WHERE i.indrelid = c.oid AND i.indisprimary),
                       EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attname = 'written_by')
                FROM pg_class c WHERE c.relnamespace = 'fleet'::regnamespace AND c.relname = $1::name
                """,
                table.Name).FirstAsync(row => (row.GetFieldValue<string[]>(0), row.GetBoolean(1)));

            Assert.Equal(["customer_id", .. table.Key], key);
            Assert.Equal(table.Time is not null, marked);
        }
    }
}
