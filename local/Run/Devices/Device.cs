using System.Globalization;
using WebHost.Local.Run.Drives;

namespace WebHost.Local.Run.Devices;

/// <summary>An app on a phone in a vehicle, posting to the address with its token.</summary>
internal abstract class Device(Uri address)
{
    protected Uri Address => address;

    /// <summary>The request that carries this position, byte for byte as the app sends it.</summary>
    public abstract HttpRequestMessage Post(Fix fix);

    /// <summary>What is left of a position once the app has written it down, speed in m/s.</summary>
    public abstract Fix AsSent(Fix fix);

    /// <summary>A number as Java and Kotlin print it: the shortest that reads back the same, never without a decimal.</summary>
    protected static string Decimal(double value) => value.ToString("0.0###############", CultureInfo.InvariantCulture);

    protected static string Integer(long value) => value.ToString(CultureInfo.InvariantCulture);
}
