using System.Text.Json;
using CsCheck;
using NetTopologySuite.Geometries;
using WebHost.Fleet;

namespace WebHost.Tests.Fleet;

public sealed class GeofenceAreaTests
{
    private const string Square = "[[0,0],[4,0],[4,4],[0,4],[0,0]]";

    [Theory]
    [InlineData("""{"type":"Polygon","coordinates":[[[13.4,52.5],[13.5,52.5],[13.5,52.6],[13.4,52.5]]]}""")]
    [InlineData($$"""{"type":"Polygon","coordinates":[{{Square}},[[1,1],[1,2],[2,2],[1,1]]]}""")]
    [InlineData($$"""{"type":"MultiPolygon","coordinates":[[{{Square}}],[[[5,5],[6,5],[6,6],[5,5]]]]}""")]
    [InlineData("""{"type":"Polygon","coordinates":[[[-180,-90],[180,-90],[180,90],[-180,90],[-180,-90]]]}""")]
    public void Read_of_what_was_written_is_the_same(string geoJson)
    {
        var (area, faults) = Read(geoJson);

        Assert.Empty(faults);
        Assert.Equal(geoJson, GeofenceArea.Write(area!).GetRawText());
        Assert.Equal(4326, area!.SRID);
    }

    [Theory]
    [InlineData("null", "area")]
    [InlineData("\"POLYGON((0 0,1 0,1 1,0 0))\"", "area")]
    [InlineData("{}", "area.type")]
    [InlineData("""{"type":"Point","coordinates":[1,2]}""", "area.type")]
    [InlineData("""{"type":7,"coordinates":[]}""", "area.type")]
    [InlineData("""{"type":"Polygon"}""", "area.coordinates")]
    [InlineData("""{"type":"Polygon","coordinates":[]}""", "area.coordinates")]
    [InlineData("""{"type":"MultiPolygon","coordinates":[[]]}""", "area.coordinates[0]")]
    [InlineData("""{"type":"Polygon","coordinates":[[[0,0],[1,0],[0,0]]]}""", "area.coordinates[0]")]
    [InlineData("""{"type":"Polygon","coordinates":[[[0,0],[1,0],[1,1],[0,1]]]}""", "area.coordinates[0]")]
    [InlineData("""{"type":"Polygon","coordinates":[[[0,0],[181,0],[1,1],[0,0]]]}""", "area.coordinates[0][1]")]
    [InlineData("""{"type":"Polygon","coordinates":[[[0,0],[0,90.1],[1,1],[0,0]]]}""", "area.coordinates[0][1]")]
    [InlineData("""{"type":"Polygon","coordinates":[[[0,0],[1e999,0],[1,1],[0,0]]]}""", "area.coordinates[0][1]")]
    [InlineData("""{"type":"Polygon","coordinates":[[[0,0],["1",0],[1,1],[0,0]]]}""", "area.coordinates[0][1]")]
    [InlineData("""{"type":"Polygon","coordinates":[[[0,0],[1,0,5],[1,1],[0,0]]]}""", "area.coordinates[0][1]")]
    [InlineData("""{"type":"Polygon","coordinates":[[[0,0],[2,2],[2,0],[0,2],[0,0]]]}""", "area.coordinates")]
    [InlineData("""{"type":"Polygon","coordinates":[[[1,1],[1,1],[1,1],[1,1]]]}""", "area.coordinates")]
    [InlineData($$"""{"type":"Polygon","coordinates":[{{Square}},[[8,8],[8,9],[9,9],[8,8]]]}""", "area.coordinates")]
    [InlineData($$"""{"type":"MultiPolygon","coordinates":[[{{Square}}],[[[3,3],[6,3],[6,6],[3,3]]]]}""", "area.coordinates")]
    public void Read_of_what_is_no_area_names_the_place(string geoJson, string path)
    {
        var (area, faults) = Read(geoJson);

        Assert.Null(area);
        Assert.Equal([path], faults.Keys);
    }

    [Fact]
    public void Read_names_every_fault()
    {
        var (_, faults) = Read("""{"type":"Polygon","coordinates":[[[0,0],[181,0],[1,91],[0,0]],[[0,0],[1,0],[1,1],[0,1]]]}""");

        Assert.Equal(["area.coordinates[0][1]", "area.coordinates[0][2]", "area.coordinates[1]"], faults.Keys);
    }

    [Fact]
    public void Read_of_a_crossing_outline_says_where_it_crosses()
    {
        var (_, faults) = Read("""{"type":"Polygon","coordinates":[[[0,0],[2,2],[2,0],[0,2],[0,0]]]}""");

        Assert.Equal("The outline crosses or touches itself at [1, 1].", faults["area.coordinates"].Single());
    }

    [Theory]
    [InlineData(GeofenceArea.MostPositions, true)]
    [InlineData(GeofenceArea.MostPositions + 1, false)]
    public void Read_takes_positions_up_to_the_limit(int positions, bool taken)
    {
        var ring = Enumerable.Range(0, positions - 1)
            .Select(i => double.Tau * i / (positions - 1))
            .Select(angle => new[] { Math.Cos(angle), Math.Sin(angle) })
            .ToList();
        ring.Add(ring[0]);

        var (area, faults) = Read(JsonSerializer.Serialize(new { type = "Polygon", coordinates = new[] { ring } }));

        Assert.Equal(taken, area is not null);
        Assert.Equal(taken, faults.Count == 0);
    }

    [Fact]
    public void Read_takes_exactly_the_rings_that_the_geometry_library_finds_valid()
    {
        var coordinate = Gen.Select(Gen.Int[-3, 3], Gen.Int[-3, 3], (x, y) => new Coordinate(x, y));
        coordinate.Array[3, 7].Sample(corners =>
        {
            Coordinate[] ring = [.. corners, corners[0]];
            var json = JsonSerializer.Serialize(
                new { type = "Polygon", coordinates = new[] { ring.Select(c => new[] { c.X, c.Y }) } });

            var (area, faults) = Read(json);

            Assert.Equal(new Polygon(new LinearRing(ring)).IsValid, area is not null);
            Assert.Equal(area is null, faults.Count > 0);
        });
    }

    private static (Geometry? Area, Dictionary<string, string[]> Faults) Read(string geoJson)
    {
        var faults = new Dictionary<string, string[]>();
        using var json = JsonDocument.Parse(geoJson);
        return (GeofenceArea.Read(json.RootElement, "area", faults), faults);
    }
}
