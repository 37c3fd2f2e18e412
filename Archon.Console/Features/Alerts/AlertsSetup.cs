using Archon.Jobs;
using Archon.Live;
using Archon.Shell;

namespace Archon.Features.Alerts;

public static class AlertsSetup
{
    public static ConsoleFeature Feature { get; } = new("Alerts", services => services.AddAlerts());

    public static IServiceCollection AddAlerts(this IServiceCollection services)
    {
        services.AddSingleton(
            JobSchedule.OfEnvironment<AlertPollJob>(
                "alert-poll",
                "triage",
                "9/15 * * * * *",
                AlertPollJob.Interval,
                environmentId => job => job.PollAsync(environmentId, CancellationToken.None),
                runsAtStart: true
            )
        );
        services.AddScoped<AlertPollJob>();
        services.AddTopic<AlertTopic>();
        services.AddSingleton<AlertQueries>();
        services.AddSingleton<INavCountSource, AlertCount>();
        services.AddSingleton(new PageSection("overview/first", typeof(FiringSection), 0));
        services.AddSingleton(new PageSection("service/first", typeof(ServiceAlertsSection), 0));
        services.AddSingleton(new PageSection("rule/pane", typeof(RuleAlertsSection), 0));
        services.AddSingleton(new PageSection("rule/aside", typeof(RuleAlertsPanel), 0));
        return services;
    }
}
