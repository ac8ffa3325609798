using Microsoft.Extensions.Options;
using Npgsql;
using WebHost.Providers.Fly;
using WebHost.Providers.Redis;

namespace WebHost.Providers;

/// <summary>Finds every fault of the provider settings at once and names each by its environment variable.</summary>
internal sealed class ProvidersOptionsValidator : IValidateOptions<ProvidersOptions>
{
    public ValidateOptionsResult Validate(string? name, ProvidersOptions options)
    {
        var errors = new List<string>();
        RequireAddress("Hetzner__BaseAddress", options.Hetzner.BaseAddress);
        RequireText("Hetzner__User", options.Hetzner.User);
        RequireText("Hetzner__Password", options.Hetzner.Password);

        RequireAddress("Fly__BaseAddress", options.Fly.BaseAddress);
        RequireAddress("Fly__GraphQlAddress", options.Fly.GraphQlAddress);
        RequireText("Fly__Token", options.Fly.Token);
        RequireText("Fly__Organization", options.Fly.Organization);
        RequireText("Fly__DatabaseImage", options.Fly.DatabaseImage);
        RequireText("Fly__AppImage", options.Fly.AppImage);
        RequireConnection("Fly__DatabaseConnection", options.Fly);

        RequireAddress("Cloudflare__BaseAddress", options.Cloudflare.BaseAddress);
        RequireText("Cloudflare__Token", options.Cloudflare.Token);
        RequireText("Cloudflare__ZoneId", options.Cloudflare.ZoneId);

        if (options.Redis == RedisProvider.Upstash)
        {
            RequireAddress("Upstash__BaseAddress", options.Upstash.BaseAddress);
            RequireText("Upstash__Email", options.Upstash.Email);
            RequireText("Upstash__ApiKey", options.Upstash.ApiKey);
        }

        if (options.RequestTimeout <= TimeSpan.Zero)
        {
            Add("RequestTimeout", $"must be longer than zero, but is {options.RequestTimeout}");
        }

        return errors.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(errors);

        void Add(string setting, string fault) => errors.Add($"{ProvidersOptions.Section}__{setting} {fault}.");

        void RequireText(string setting, string value)
        {
            if (string.IsNullOrWhiteSpace(value))
            {
                Add(setting, "is not set");
            }
        }

        void RequireAddress(string setting, Uri? value)
        {
            if (value is null)
            {
                Add(setting, "is not set");
            }
            else if (!value.IsAbsoluteUri || (value.Scheme != Uri.UriSchemeHttps && !(value.Scheme == Uri.UriSchemeHttp && value.IsLoopback)))
            {
                // Credentials travel with every call.
                Add(setting, $"must be an https address (http only on this machine), but is '{value}'");
            }
        }

        void RequireConnection(string setting, FlyOptions fly)
        {
            if (!fly.DatabaseConnection.Contains(FlyOptions.AppPlaceholder, StringComparison.Ordinal))
            {
                Add(setting, $"must be a connection string with {FlyOptions.AppPlaceholder} in it");
                return;
            }

            try
            {
                var connection = new NpgsqlConnectionStringBuilder(fly.DatabaseConnectionOf("app"));
                if (string.IsNullOrEmpty(connection.Host))
                {
                    Add(setting, "names no Host");
                }
            }
            catch (ArgumentException)
            {
                // The parser's own words quote the value, which may hold a password.
                Add(setting, "is not a connection string that Npgsql understands");
            }
        }
    }
}
