namespace WebHost.Decisions;

/// <summary>How well a candidate suits a request; every figure from 0 to 100, more is better.</summary>
/// <param name="Cost">The part of the budget that stays unspent.</param>
/// <param name="Headroom">The part of the plan's vehicles that stays free.</param>
/// <param name="Latency">How near the regions are: 100 at once, 0 from 300 ms on average.</param>
/// <param name="Compliance">100 where what was asked for is met without conditions, less where contracts must help.</param>
/// <param name="Total">The weighted mean.</param>
public sealed record CandidateScores(int Cost, int Headroom, int Latency, int Compliance, int Total);
