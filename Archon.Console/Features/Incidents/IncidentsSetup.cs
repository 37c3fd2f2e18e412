namespace Archon.Features.Incidents;

public static class IncidentsSetup
{
    public static IServiceCollection AddIncidents(this IServiceCollection services)
    {
        services.AddScoped<TriageJob>();
        services.AddSingleton<CauseEvidence>();
        services.AddSingleton<IncidentQueries>();
        return services;
    }
}
