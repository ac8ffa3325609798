using Microsoft.Extensions.DependencyInjection;

namespace WebHost.Emergency;

/// <summary>Adds what looks after tenants whose home was lost.</summary>
public static class EmergencyExtensions
{
    /// <summary>Adds the look at a home, and the fetching of what only a home has that came back.</summary>
    public static IServiceCollection AddEmergencies(this IServiceCollection services)
    {
        services.AddSingleton<HomeProbe>();
        services.AddSingleton<SourceReconciliation>();
        services.AddSingleton<FailoverStore>();
        services.AddSingleton<FailoverProposalStore>();
        services.AddSingleton<FailoverProposals>();
        services.AddSingleton<IncidentReports>();
        return services;
    }
}
