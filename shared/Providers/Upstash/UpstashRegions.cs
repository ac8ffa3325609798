namespace WebHost.Providers.Upstash;

/// <summary>Which of Upstash's AWS regions lies nearest to a Fly region.</summary>
internal static class UpstashRegions
{
    /// <exception cref="ArgumentException">We know no neighbour of that region.</exception>
    public static string NearestTo(string flyRegion) => flyRegion switch
    {
        "ams" or "fra" or "arn" or "waw" or "otp" => "eu-central-1",
        "lhr" or "cdg" or "mad" => "eu-west-1",
        "iad" or "ewr" or "bos" or "atl" or "mia" => "us-east-1",
        "ord" or "dfw" or "yul" or "yyz" => "us-east-2",
        "sjc" or "lax" or "sea" or "phx" or "den" => "us-west-1",
        "gru" or "gig" or "scl" or "eze" or "bog" => "sa-east-1",
        "nrt" => "ap-northeast-1",
        "sin" or "hkg" => "ap-southeast-1",
        "syd" => "ap-southeast-2",
        "bom" => "ap-south-1",
        "jnb" => "af-south-1",
        _ => throw new ArgumentException($"No Upstash region is known near the Fly region '{flyRegion}'.", nameof(flyRegion)),
    };
}
