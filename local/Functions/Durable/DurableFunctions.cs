using System.Text.Json;
using Microsoft.DurableTask.Converters;
using Microsoft.Extensions.DependencyInjection;
using WebHost.Local.DurableTask;

namespace WebHost.Local.Functions;

internal static class DurableFunctions
{
    // As the Functions worker writes them, and not as the engine by itself would: fields are left out, and names are read
    // whatever their case.
    private static readonly JsonDataConverter WorkerConverter = new(new JsonSerializerOptions { PropertyNameCaseInsensitive = true });

    internal static void Add(
        IServiceCollection services,
        FunctionCatalog catalog,
        FunctionPipeline pipeline,
        DurableTaskSettings durableTask,
        LocalHostSettings settings)
    {
        if (!catalog.UsesDurableTask)
        {
            return;
        }

        services.AddLocalDurableTask(
            registry =>
            {
                foreach (var function in catalog.Orchestrators)
                {
                    registry.AddOrchestrator(function.Name, scope => new OrchestratorFunction(function, scope, pipeline));
                }

                foreach (var function in catalog.Activities)
                {
                    registry.AddActivity(function.Name, scope => new ActivityFunction(function, scope, pipeline));
                }
            },
            options =>
            {
                options.ConnectionString = settings.Database!;

                // Azure takes letters of both cases and tells hubs apart regardless of them; here the hub is a schema.
                options.HubName = durableTask.HubName?.ToLowerInvariant() ?? options.HubName;
                options.MaxConcurrentActivities =
                    durableTask.MaxConcurrentActivityFunctions ?? options.MaxConcurrentActivities;
                options.MaxConcurrentOrchestrations =
                    durableTask.MaxConcurrentOrchestratorFunctions ?? options.MaxConcurrentOrchestrations;
                options.DataConverter = WorkerConverter;
            });
    }
}
