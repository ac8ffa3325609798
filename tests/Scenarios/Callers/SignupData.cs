using System.Text.Json;

namespace WebHost.Scenarios.Callers;

/// <summary>What a customer asks for.</summary>
internal sealed record SignupData
{
    public string Company { get; init; } = $"Fleet {Guid.NewGuid():n}";

    public string Email { get; init; } = "fleet@example.com";

    public decimal MonthlyBudgetUsd { get; init; }

    public int Vehicles { get; init; }

    public string[] Locations { get; init; } = ["europe"];

    public string[] Compliance { get; init; } = [];

    /// <summary>A small fleet in Europe, which belongs on a shared Hetzner server.</summary>
    public static SignupData Hobby => new() { MonthlyBudgetUsd = 20, Vehicles = 3 };

    /// <summary>A fleet too large for the shared servers, which belongs on Fly.</summary>
    public static SignupData Starter => new() { MonthlyBudgetUsd = 200, Vehicles = 12 };

    public string ToPayload() => JsonSerializer.Serialize(
        new { type = "customer.signup", timestamp = DateTimeOffset.UtcNow, data = this }, JsonSerializerOptions.Web);
}
