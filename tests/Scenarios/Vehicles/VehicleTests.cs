using System.Net;
using System.Text.Json;
using WebHost.Scenarios.Callers;
using WebHost.Scenarios.Gps;
using WebHost.Scenarios.Hosting;

namespace WebHost.Scenarios.Vehicles;

public sealed class VehicleTests(SharedApp shared) : Scenario(shared)
{
    private string _vehicles = "";
    private Guid _tenantId;

    public override async ValueTask InitializeAsync()
    {
        _tenantId = (await App.SignUpToTheEndAsync(SignupData.Hobby)).TenantId;
        _vehicles = $"api/tenants/{_tenantId}/vehicles";
    }

    [Fact]
    public async Task Vehicle_is_created_read_and_replaced_with_a_new_ETag_each_time()
    {
        var created = (await PutAsync("van", new { name = "Van", plate = "LJ 1" })).Expect(HttpStatusCode.Created);
        var read = (await App.Operator.GetAsync($"{_vehicles}/van")).Expect(HttpStatusCode.OK);
        var replaced = (await PutAsync("van", new { name = "Lorry" })).Expect(HttpStatusCode.OK);

        Assert.Equal(created.Headers.ETag, read.Headers.ETag);
        Assert.NotEqual(created.Headers.ETag, replaced.Headers.ETag);
        Assert.Equal(("van", "Van", "LJ 1"), (read.Json.Text("vehicleId"), read.Json.Text("name"), read.Json.Text("plate")));
        Assert.Equal("Lorry", replaced.Json.Text("name"));
        Assert.Null(replaced.Json.MaybeText("plate"));
    }

    [Fact]
    public async Task Change_of_a_version_that_somebody_else_has_changed_is_412_and_changes_nothing()
    {
        var first = await PutAsync("van", new { name = "Van" });
        (await PutAsync("van", new { name = "Lorry" }, ("If-Match", first.Headers.ETag!.Tag))).Expect(HttpStatusCode.OK);

        (await PutAsync("van", new { name = "Bus" }, ("If-Match", first.Headers.ETag!.Tag))).ExpectProblem(HttpStatusCode.PreconditionFailed);
        (await DeleteAsync("van", ("If-Match", first.Headers.ETag!.Tag))).ExpectProblem(HttpStatusCode.PreconditionFailed);

        Assert.Equal("Lorry", (await App.Operator.GetAsync($"{_vehicles}/van")).Json.Text("name"));
    }

    [Fact]
    public async Task Creation_only_when_absent_is_412_the_second_time()
    {
        (await PutAsync("van", new { name = "Van" }, ("If-None-Match", "*"))).Expect(HttpStatusCode.Created);

        (await PutAsync("van", new { name = "Bus" }, ("If-None-Match", "*"))).ExpectProblem(HttpStatusCode.PreconditionFailed);

        Assert.Equal("Van", (await App.Operator.GetAsync($"{_vehicles}/van")).Json.Text("name"));
    }

    [Fact]
    public async Task Change_only_of_what_exists_is_412_when_it_does_not()
    {
        (await PutAsync("van", new { name = "Van" }, ("If-Match", "*"))).ExpectProblem(HttpStatusCode.PreconditionFailed);
        (await PutAsync("van", new { name = "Van" }, ("If-Match", "\"1\""))).ExpectProblem(HttpStatusCode.PreconditionFailed);

        Assert.Empty(await ListAsync());
    }

    [Fact]
    public async Task Vehicle_beyond_the_plan_is_409_also_when_all_come_at_once()
    {
        var answers = await Task.WhenAll(Enumerable.Range(0, 8).Select(i => PutAsync($"v{i}", new { name = $"Vehicle {i}" })));

        Assert.Equal(5, answers.Count(answer => answer.Status == HttpStatusCode.Created));
        Assert.All(
            answers.Where(answer => answer.Status != HttpStatusCode.Created), answer => answer.ExpectProblem(HttpStatusCode.Conflict));
        var vehicles = await ListAsync();
        Assert.Equal(5, vehicles.Count);

        (await PutAsync(vehicles[0].Text("vehicleId"), new { name = "Changed" })).Expect(HttpStatusCode.OK);
        (await DeleteAsync(vehicles[0].Text("vehicleId"))).Expect(HttpStatusCode.NoContent);
        (await PutAsync("another", new { name = "Another" })).Expect(HttpStatusCode.Created);
    }

    [Fact]
    public async Task Deleted_vehicle_leaves_its_devices_without_one()
    {
        await PutAsync("van", new { name = "Van" });
        var tracker = await App.AddDeviceAsync(_tenantId, new { name = "In the van", vehicleId = "van" });
        Assert.Equal("van", await VehicleOfAsync(tracker));

        (await DeleteAsync("van")).Expect(HttpStatusCode.NoContent);

        Assert.Null(await VehicleOfAsync(tracker));
        (await App.Operator.GetAsync($"{_vehicles}/van")).ExpectProblem(HttpStatusCode.NotFound);
        (await DeleteAsync("van")).ExpectProblem(HttpStatusCode.NotFound);
    }

    [Fact]
    public async Task Device_in_a_vehicle_that_does_not_exist_is_422_and_is_not_registered()
    {
        (await App.Operator.PostAsync($"api/tenants/{_tenantId}/devices", new { name = "Lost", vehicleId = "nowhere" }))
            .ExpectProblem(HttpStatusCode.UnprocessableEntity);

        Assert.Empty(await DevicesAsync());
    }

    [Fact]
    public async Task Wrong_vehicle_is_422_with_every_fault_named()
    {
        var problem = (await PutAsync("a%20b", new { name = "", plate = new string('x', 21) }))
            .ExpectProblem(HttpStatusCode.UnprocessableEntity);

        Assert.Equal(
            ["name", "plate", "vehicleId"], problem.GetProperty("errors").EnumerateObject().Select(error => error.Name).Order());
    }

    private Task<Answer> PutAsync(string vehicleId, object vehicle, params (string Name, string Value)[] headers) =>
        App.Operator.SendAsync(With(Api.WithJson(HttpMethod.Put, $"{_vehicles}/{vehicleId}", vehicle), headers));

    private Task<Answer> DeleteAsync(string vehicleId, params (string Name, string Value)[] headers) =>
        App.Operator.SendAsync(With(new HttpRequestMessage(HttpMethod.Delete, $"{_vehicles}/{vehicleId}"), headers));

    private static HttpRequestMessage With(HttpRequestMessage request, (string Name, string Value)[] headers)
    {
        foreach (var (name, value) in headers)
        {
            request.Headers.Add(name, value);
        }

        return request;
    }

    private async Task<List<JsonElement>> ListAsync() =>
        [.. (await App.Operator.GetAsync(_vehicles)).Expect(HttpStatusCode.OK).Json.GetProperty("items").EnumerateArray()];

    private async Task<List<JsonElement>> DevicesAsync() =>
        [.. (await App.Operator.GetAsync($"api/tenants/{_tenantId}/devices")).Expect(HttpStatusCode.OK).Json.GetProperty("items").EnumerateArray()];

    private async Task<string?> VehicleOfAsync(Tracker tracker) =>
        (await DevicesAsync()).Single(device => device.GetProperty("deviceId").GetGuid() == tracker.DeviceId).MaybeText("vehicleId");
}
