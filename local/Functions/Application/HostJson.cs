using Microsoft.Extensions.Configuration;

namespace WebHost.Local.Functions;

/// <summary>The part of host.json that this host knows; what is absent has the value it has on Azure.</summary>
internal sealed record HostJson(HttpSettings Http, ServiceBusSettings ServiceBus, DurableTaskSettings DurableTask, IConfiguration Logging)
{
    internal const string FileName = "host.json";

    internal static HostJson Read(string contentRoot)
    {
        var file = new ConfigurationBuilder().AddJsonFile(Path.Combine(contentRoot, FileName), optional: true).Build();
        var extensions = file.GetSection("extensions");
        return new HostJson(
            extensions.GetSection("http").Get<HttpSettings>() ?? new HttpSettings(),
            extensions.GetSection("serviceBus").Get<ServiceBusSettings>() ?? new ServiceBusSettings(),
            extensions.GetSection("durableTask").Get<DurableTaskSettings>() ?? new DurableTaskSettings(),
            file.GetSection("logging"));
    }
}
