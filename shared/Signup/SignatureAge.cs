using System.Globalization;

namespace WebHost.Signup;

/// <summary>The rule on a signature's age that both schemes share: five minutes either way.</summary>
internal static class SignatureAge
{
    private const int ToleranceSeconds = 300;

    public static bool TryParse(ReadOnlySpan<char> text, out long unixSeconds) =>
        long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out unixSeconds);

    public static SignatureVerdict Check(long signedAt, TimeProvider clock)
    {
        var now = clock.GetUtcNow().ToUnixTimeSeconds();
        if (signedAt < now - ToleranceSeconds)
        {
            return new(
                SignatureFault.TooOld,
                $"The request was signed more than {ToleranceSeconds} seconds ago. Sign each attempt anew.");
        }

        // signedAt is not negative, so the difference cannot overflow.
        return signedAt - now > ToleranceSeconds
            ? new(
                SignatureFault.TooNew,
                $"The request's time is more than {ToleranceSeconds} seconds ahead. Set the sender's clock.")
            : SignatureVerdict.Valid;
    }
}
