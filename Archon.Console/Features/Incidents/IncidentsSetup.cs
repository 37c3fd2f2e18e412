using Archon.Data.Catalogue;
using Archon.Jobs;
using Archon.Live;

namespace Archon.Features.Incidents;

public static class IncidentsSetup
{
    public static IServiceCollection AddIncidents(this IServiceCollection services)
    {
        services.AddSingleton(
            JobSchedule.Of<TriageJob>(
                "triage",
                "triage",
                "3/15 * * * * *",
                TimeSpan.FromSeconds(15),
                job => job.TriageAsync(MonitoredEnvironment.DefaultId, CancellationToken.None)
            )
        );
        services.AddScoped<TriageJob>();
        services.AddSingleton<CauseEvidence>();
        services.AddTopic<IncidentTopic>();
        services.AddSingleton<IncidentQueries>();
        return services;
    }
}
