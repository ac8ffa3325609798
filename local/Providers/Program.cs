using WebHost.Local.Providers;

var configuration = new ConfigurationBuilder().AddEnvironmentVariables().AddCommandLine(args).Build();
var options = configuration.GetSection(SimulatorsOptions.Section).Get<SimulatorsOptions>() ?? new SimulatorsOptions();
await using var app = await SimulatorHost.BuildAsync(options, configuration.GetValue("port", 7080));
await app.RunAsync();
