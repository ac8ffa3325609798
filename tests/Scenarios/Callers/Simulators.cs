using System.Net;
using System.Text.Json;

namespace WebHost.Scenarios.Callers;

/// <summary>The simulated vendors, seen from behind the scenes.</summary>
public sealed class Simulators(Uri url) : IDisposable
{
    private readonly Api _api = Api.ForAnybody(url);

    public void Dispose() => _api.Dispose();

    public Task<Answer> PostAsync(string path, object? body) => _api.PostAsync(path, body);

    public Task<Answer?> TryGetAsync(string path) => _api.TryGetAsync(path);

    /// <summary>Everything that exists at any vendor.</summary>
    public async Task<IReadOnlyList<VendorResource>> GetResourcesAsync() =>
    [
        .. from provider in (await _api.GetAsync("resources")).Expect(HttpStatusCode.OK).Json.EnumerateObject()
           from resource in provider.Value.EnumerateArray()
           select new VendorResource(
               provider.Name, resource.Text("kind"), resource.Text("id"), resource.Text("name"), resource.Text("parent"),
               resource.MaybeText("owner"))
    ];

    /// <summary>What was called after the call of that number, oldest first.</summary>
    public async Task<IReadOnlyList<VendorCall>> GetCallsAsync(long since = 0) =>
    [
        .. (await _api.GetAsync($"calls?since={since}")).Expect(HttpStatusCode.OK).Json.GetProperty("calls").EnumerateArray()
            .Select(call => new VendorCall(
                call.GetProperty("id").GetInt64(), call.Text("provider"), call.Text("operation"),
                call.GetProperty("status") is { ValueKind: JsonValueKind.Number } status ? status.GetInt32() : null))
    ];

    public async Task AddFaultAsync(VendorFault fault) =>
        (await _api.PostAsync("faults", fault)).Expect(HttpStatusCode.NoContent);

    public async Task ClearFaultsAsync() => (await _api.DeleteAsync("faults")).Expect(HttpStatusCode.NoContent);
}

/// <summary>Something that exists at a vendor.</summary>
public sealed record VendorResource(string Provider, string Kind, string Id, string Name, string Parent, string? Owner);

/// <summary>A call that a vendor got; without a status when it never answered.</summary>
public sealed record VendorCall(long Id, string Provider, string Operation, int? Status);

/// <summary>A fault that is to strike the next calls of an operation.</summary>
public sealed record VendorFault(
    string Provider, string Operation, string Kind, int? Status = null, int Times = 1, int? DelayMs = null);
