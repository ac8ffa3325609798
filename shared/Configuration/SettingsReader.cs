using System.Globalization;
using Azure.Storage.Blobs;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Options;
using Npgsql;

namespace WebHost.Configuration;

/// <summary>Reads settings and collects every fault, each naming its setting and saying what belongs there.</summary>
internal sealed class SettingsReader(IConfiguration configuration)
{
    private readonly List<string> _faults = [];

    public string? OptionalText(string name)
    {
        var value = configuration[name.Replace("__", ":", StringComparison.Ordinal)];
        return string.IsNullOrWhiteSpace(value) ? null : value.Trim();
    }

    public string Text(string name)
    {
        var value = OptionalText(name);
        Require(value is not null, $"{name} is missing. local.settings.sample.json shows every setting.");
        return value ?? "";
    }

    public string ConnectionString(string name)
    {
        var value = Text(name);
        try
        {
            Require(
                value.Length == 0 || new NpgsqlConnectionStringBuilder(value).Host is not null,
                $"{name} names no host: Host=…;Database=…;Username=…;Password=…");
        }
        catch (ArgumentException)
        {
            // The message of the exception may quote a password.
            Require(false, $"{name} is no PostgreSQL connection string: Host=…;Database=…;Username=…;Password=…");
        }

        return value;
    }

    public string BlobStorage(string name)
    {
        var value = Text(name);
        try
        {
            _ = value.Length == 0 ? null : new BlobServiceClient(value);
        }
        catch (Exception malformed) when (malformed is FormatException or ArgumentException or InvalidOperationException)
        {
            // As above.
            Require(false, $"{name} is no connection string of a storage account: AccountName=…;AccountKey=…;EndpointSuffix=…");
        }

        return value;
    }

    public T Parsed<T>(string name, Func<string, T> parse)
        where T : class
    {
        var value = Text(name);
        try
        {
            return value.Length == 0 ? null! : parse(value);
        }
        catch (FormatException malformed)
        {
            Require(false, $"{name}: {malformed.Message}");
            return null!;
        }
    }

    public string DomainName(string name)
    {
        var value = Text(name);
        Require(
            value.Length == 0 || (value.Contains('.', StringComparison.Ordinal) && Uri.CheckHostName(value) == UriHostNameType.Dns),
            $"{name} is '{value}', which is no domain name such as fleet.example.com.");
        return value;
    }

    public IReadOnlyList<string> List(string name, Func<string, bool> isValid, string belongs)
    {
        var text = Text(name);
        var values = text.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        Require(text.Length == 0 || values.Length > 0, $"{name} has no entry.");
        for (var i = 0; i < values.Length; i++)
        {
            // The value itself may be a secret and stays out of the message.
            Require(isValid(values[i]), $"{name}: entry {i + 1} is not {belongs}.");
        }

        return values;
    }

    public Uri? OptionalAddress(string name)
    {
        if (OptionalText(name) is not { } text)
        {
            return null;
        }

        var valid = Uri.TryCreate(text, UriKind.Absolute, out var address)
            && (address.Scheme == Uri.UriSchemeHttps || (address.Scheme == Uri.UriSchemeHttp && address.IsLoopback));
        Require(valid, $"{name} is '{text}'; it must be an https address.");
        return address;
    }

    public int Number(string name, int whenAbsent, int minimum, int maximum)
    {
        if (OptionalText(name) is not { } text)
        {
            return whenAbsent;
        }

        var valid = int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var value)
            && value >= minimum && value <= maximum;
        Require(valid, $"{name} is '{text}'; it must be a number from {minimum} to {maximum}.");
        return value;
    }

    public TimeSpan Duration(string name, TimeSpan whenAbsent)
    {
        if (OptionalText(name) is not { } text)
        {
            return whenAbsent;
        }

        var valid = TimeSpan.TryParse(text, CultureInfo.InvariantCulture, out var value) && value > TimeSpan.Zero;
        Require(valid, $"{name} is '{text}'; it must be a time span such as 00:00:01.");
        return value;
    }

    public void Require(bool condition, string fault)
    {
        if (!condition)
        {
            _faults.Add(fault);
        }
    }

    public void ThrowIfFaulty()
    {
        if (_faults.Count > 0)
        {
            throw new OptionsValidationException(nameof(Settings), typeof(Settings), _faults);
        }
    }
}
