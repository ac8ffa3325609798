using System.Net;
using Azure.Messaging.ServiceBus;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Azure.Functions.Worker.Middleware;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace WebHost.Local.Functions;

/// <summary>Makes the web application that a functions application runs in.</summary>
internal static class LocalHostDefaults
{
    private const string SettingsFileName = "local.settings.json";

    /// <summary>Leaves a second or two of the ten that a supervisor usually grants.</summary>
    private static readonly TimeSpan DrainTime = TimeSpan.FromSeconds(8);

    internal static WebApplicationBuilder CreateBuilder(string[] args)
    {
        var commandLine = new ConfigurationBuilder()
            .AddCommandLine(args, new Dictionary<string, string> { ["--port"] = $"{LocalHostSettings.Section}:Port" })
            .Build();
        var builder = WebApplication.CreateSlimBuilder(new WebApplicationOptions
        {
            ContentRootPath = commandLine[HostDefaults.ContentRootKey] ?? ContentRoot(),
            EnvironmentName = Environment.GetEnvironmentVariable("AZURE_FUNCTIONS_ENVIRONMENT") ?? Environments.Production,
        });
        builder.Configuration.Sources.Insert(0, LocalSettings(builder.Environment.ContentRootPath));
        builder.Configuration.AddConfiguration(commandLine);
        builder.Services.Configure<HostOptions>(options =>
        {
            options.ShutdownTimeout = DrainTime;
            options.ServicesStopConcurrently = true;
        });
        return builder;
    }

    /// <summary>
    /// Warnings, and this host's own start and stop, unless host.json or the settings say otherwise. A default level there
    /// is meant for the application; the framework's lines about each request are asked for by their own category.
    /// </summary>
    internal static void ConfigureLogging(ILoggingBuilder logging, HostJson hostJson, LocalStart start) => logging
        .ClearProviders()
        .SetMinimumLevel(LogLevel.Warning)
        .AddFilter("Microsoft", LogLevel.Warning)
        .AddFilter("System", LogLevel.Warning)
        .AddFilter(typeof(LocalHost).Namespace, LogLevel.Information)
        .AddConfiguration(hostJson.Logging)
        .AddFilter("Microsoft.Extensions.Hosting.Internal.Host", level => level >= LogLevel.Warning && !start.IsReporting)
        .AddSimpleConsole(console =>
        {
            console.SingleLine = true;
            console.TimestampFormat = "HH:mm:ss ";
        });

    internal static WebApplication Build(
        WebApplicationBuilder builder,
        HostJson hostJson,
        IEnumerable<Type> functionTypes,
        IEnumerable<Func<FunctionExecutionDelegate, FunctionExecutionDelegate>> middleware,
        bool servesHttp)
    {
        var settings = LocalHostSettings.Read(builder.Configuration);
        var catalog = FindFunctions(builder, () =>
            FunctionCatalog.Find(functionTypes, builder.Configuration, hostJson, settings, servesHttp));
        var pipeline = FunctionPipeline.Build(middleware);

        builder.Services.TryAddSingleton(TimeProvider.System);
        builder.Services.AddSingleton(catalog);
        builder.Services.AddSingleton(pipeline);
        builder.Services.AddSingleton(settings);
        builder.Services.AddSingleton(hostJson);
        DurableFunctions.Add(builder.Services, catalog, pipeline, hostJson.DurableTask, settings);
        if (catalog.Timers.Count > 0)
        {
            builder.Services.AddHostedService<TimerHost>();
        }

        if (catalog.Queues.Count > 0)
        {
            builder.Services.TryAddSingleton(QueueRules.Default);
            builder.Services.AddHostedService<ServiceBusHost>();
        }

        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Limits.MaxRequestBodySize = settings.MaxRequestBodySize;
            kestrel.Listen(IPAddress.Parse(settings.Address), settings.Port);
        });
        builder.Services.AddRouting();

        var application = builder.Build();
        HttpFunctions.Map(application, catalog.Http, pipeline);
        return application;
    }

    /// <summary>Reports what keeps the functions from starting together with what the application's own options lack.</summary>
    private static FunctionCatalog FindFunctions(WebApplicationBuilder builder, Func<FunctionCatalog> find)
    {
        try
        {
            return find();
        }
        catch (LocalStartException functions)
        {
            using var services = builder.Services.BuildServiceProvider();
            try
            {
                services.GetService<IStartupValidator>()?.Validate();
            }
            catch (Exception options) when (options is OptionsValidationException or AggregateException)
            {
                throw new AggregateException(functions, options);
            }

            throw;
        }
    }

    /// <summary>Where host.json is: beside the program, as on Azure, unless the program is run from such a folder.</summary>
    private static string ContentRoot() =>
        File.Exists(Path.Combine(Environment.CurrentDirectory, HostJson.FileName))
            ? Environment.CurrentDirectory
            : AppContext.BaseDirectory;

    private static ChainedConfigurationSource LocalSettings(string contentRoot)
    {
        var file = JsonFile.Read(Path.Combine(contentRoot, SettingsFileName));
        var values = file.GetSection("Values").AsEnumerable(makePathsRelative: true)
            .Where(setting => setting.Value is not null)
            .Select(setting => KeyValuePair.Create(setting.Key.Replace("__", ":", StringComparison.Ordinal), setting.Value));
        return new ChainedConfigurationSource
        {
            Configuration = new ConfigurationBuilder().AddInMemoryCollection(values).Build(),
        };
    }
}
