using System.Text.RegularExpressions;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Options;
using WebHost.Configuration;
using WebHost.Plans;
using WebHost.Providers;

namespace WebHost.Tests.Configuration;

public sealed class SettingsTests
{
    private const string Key = "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=";

    [Fact]
    public void Read_without_any_setting_names_every_missing_one_at_once()
    {
        var faulty = Assert.Throws<OptionsValidationException>(() => Read([]));

        Assert.Equal(
            [
                "ControlDatabase", "ServiceBus", "AzureWebJobsStorage", "Tenants__Domain", "Security__MasterKeys",
                "Operators__Keys", "Webhooks__SignupSecrets", "Webhooks__StripeSecrets",
            ],
            faulty.Failures.Select(failure => failure.Split(' ')[0]));
    }

    [Fact]
    public void Read_of_the_sample_file_succeeds()
    {
        var settings = Settings.Read(new ConfigurationBuilder().AddInMemoryCollection(Sample()).Build());

        Assert.Equal("fleet.localhost", settings.TenantDomain);
        Assert.Equal(6, settings.StepAttempts);
    }

    [Fact]
    public void Sample_file_has_every_setting_that_is_read()
    {
        var asked = new AskedSettings();
        Assert.Throws<OptionsValidationException>(() => Settings.Read(new ConfigurationRoot([asked])));

        Assert.Empty(asked.Names.Concat(NamesOf(typeof(ProvidersOptions), ProvidersOptions.Section)).Except(Sample().Keys));
    }

    [Fact]
    public void Readme_of_Azure_has_every_setting_of_the_sample_file()
    {
        var table = File.ReadLines(Path.Combine(Root(), "deploy", "azure", "README.md")).Where(line => line.StartsWith("| `", StringComparison.Ordinal));
        var listed = table
            .SelectMany(line => Regex.Matches(line.Split('|')[1], "`([^`{]+)(?:{([^}]+)})?`"))
            .SelectMany(name => name.Groups[2].Value.Split(',').Select(end => name.Groups[1].Value + end));

        Assert.Empty(Sample().Keys
            .Select(setting => setting.Replace(":", "__", StringComparison.Ordinal))
            .Where(setting => !setting.StartsWith("LocalHost__", StringComparison.Ordinal))
            .Except(listed));
    }

    [Theory]
    [InlineData("ControlDatabase", "Host=a;Nonsense=1")]
    [InlineData("Tenants:Domain", "not a domain")]
    [InlineData("Security:MasterKeys", "k1:c2hvcnQ=")]
    [InlineData("Operators:Keys", "long-enough-operator-key,short")]
    [InlineData("Operators:Keys", ",")]
    [InlineData("Webhooks:SignupSecrets", "whsec_not_base64_however_long_it_may_be")]
    [InlineData("Webhooks:SignupSecrets", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw,whsec_MDEyMzQ1Njc4OTAxMjM0NTY3")]
    [InlineData("AzureWebJobsStorage", "DefaultEndpointsProtocol=https")]
    [InlineData("AzureWebJobsStorage", "AccountName=fleet;AccountKey=no key")]
    [InlineData("Backups:Storage", "https://fleet.blob.core.windows.net")]
    [InlineData("Operators:JwtAuthority", "http://elsewhere.example")]
    [InlineData("Operations:StepAttempts", "0")]
    [InlineData("Operations:FirstRetryInterval", "soon")]
    [InlineData("Failovers:ProposeAfter", "00:00:00")]
    [InlineData("Failovers:Unattended", "hobby, gold")]
    public void Read_with_one_malformed_setting_names_that_setting(string name, string value)
    {
        var settings = Valid();
        settings[name] = value;

        var faulty = Assert.Throws<OptionsValidationException>(() => Read(settings));

        Assert.Contains(faulty.Failures, failure => failure.StartsWith(name.Replace(":", "__", StringComparison.Ordinal), StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(null)]
    [InlineData(" ")]
    [InlineData("hobby, Business", PlanId.Hobby, PlanId.Business)]
    public void Plans_that_are_failed_over_without_asking_are_those_listed(string? listed, params PlanId[] expected)
    {
        var settings = Valid();
        settings["Failovers:Unattended"] = listed;

        Assert.Equal(expected, Read(settings).Failovers.Unattended);
    }

    [Fact]
    public void Read_with_malformed_secrets_does_not_repeat_them()
    {
        var settings = Valid();
        settings["ControlDatabase"] = "Host=a;Password=hush-hush;Nonsense=1";
        settings["Security:MasterKeys"] = "k1:hush-hush";
        settings["Operators:Keys"] = "hush-hush";
        settings["Webhooks:SignupSecrets"] = "whsec_hush-hush";
        settings["Backups:Storage"] = "AccountName=fleet;AccountKey=hush-hush";

        var faulty = Assert.Throws<OptionsValidationException>(() => Read(settings));

        Assert.Equal(5, faulty.Failures.Count());
        Assert.DoesNotContain("hush-hush", faulty.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void Read_with_an_issuer_but_no_audience_asks_for_both()
    {
        var settings = Valid();
        settings["Operators:JwtAuthority"] = "https://login.example.com";

        Assert.Contains("go together", Assert.Throws<OptionsValidationException>(() => Read(settings)).Message, StringComparison.Ordinal);
    }

    private static string Root()
    {
        var folder = AppContext.BaseDirectory;
        while (!File.Exists(Path.Combine(folder, "local.settings.sample.json")))
        {
            folder = Path.GetDirectoryName(folder)!;
        }

        return folder;
    }

    private static Dictionary<string, string?> Sample() =>
        new ConfigurationBuilder().AddJsonFile(Path.Combine(Root(), "local.settings.sample.json")).Build()
            .GetSection("Values").GetChildren()
            .ToDictionary(setting => setting.Key.Replace("__", ":", StringComparison.Ordinal), setting => setting.Value);

    private static IEnumerable<string> NamesOf(Type options, string section) =>
        options.GetProperties().Where(property => property.CanWrite).SelectMany(property =>
            property.PropertyType.IsClass && property.PropertyType != typeof(string) && property.PropertyType != typeof(Uri)
                ? NamesOf(property.PropertyType, $"{section}:{property.Name}")
                : [$"{section}:{property.Name}"]);

    private static Dictionary<string, string?> Valid() => new()
    {
        ["ControlDatabase"] = "Host=127.0.0.1;Database=control",
        ["ServiceBus"] = "bus",
        ["AzureWebJobsStorage"] = "UseDevelopmentStorage=true",
        ["Tenants:Domain"] = "fleet.example.com",
        ["Security:MasterKeys"] = $"k1:{Key}",
        ["Operators:Keys"] = "long-enough-operator-key",
        ["Webhooks:SignupSecrets"] = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        ["Webhooks:StripeSecrets"] = "whsec_stripe",
    };

    private static Settings Read(Dictionary<string, string?> settings) =>
        Settings.Read(new ConfigurationBuilder().AddInMemoryCollection(settings).Build());

    private sealed class AskedSettings : ConfigurationProvider
    {
        public List<string> Names { get; } = [];

        public override bool TryGet(string key, out string? value)
        {
            Names.Add(key);
            value = null;
            return false;
        }
    }
}
