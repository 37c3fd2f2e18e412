using Archon.Jobs;
using Archon.Live;
using Archon.Shell;

namespace Archon.Features.Incidents;

public static class IncidentsSetup
{
    public static ConsoleFeature Feature { get; } = new("Incidents", services => services.AddIncidents());

    public static IServiceCollection AddIncidents(this IServiceCollection services)
    {
        services.AddSingleton(
            JobSchedule.OfEnvironment<TriageJob>(
                "triage",
                "triage",
                "3/15 * * * * *",
                TimeSpan.FromSeconds(15),
                environmentId => job => job.TriageAsync(environmentId, CancellationToken.None)
            )
        );
        services.AddScoped<TriageJob>();
        services.AddSingleton<CauseEvidence>();
        services.AddSingleton(new PageSection("anomaly/aside", typeof(CauseSection), 0));
        services.AddSingleton<IRetention, IncidentRetention>();
        services.AddTopic<IncidentTopic>();
        services.AddSingleton<IncidentQueries>();
        return services;
    }
}
