using Archon.Features.Anomalies;
using Archon.Features.Explore;
using Archon.Features.Forecasts;
using Archon.Features.Incidents;
using Archon.Features.MonitoringApi;
using Archon.Features.Notifications;
using Archon.Features.Overview;
using Archon.Features.Rules;
using Archon.Features.Scanning;
using Archon.Features.Services;
using Archon.Features.Status;
using Archon.Features.Watches;
using Archon.Jobs;
using Archon.Shell;
using Microsoft.Extensions.DependencyInjection;

namespace Archon.Tests.Kit;

/// <summary>What the features contribute, without a console.</summary>
internal static class Contributions
{
    /// <summary>As in <c>Program.cs</c>, but for access.</summary>
    public static IReadOnlyList<ConsoleFeature> Features { get; } =
    [
        ScanningSetup.Feature,
        WatchesSetup.Feature,
        ServicesSetup.Feature,
        AnomaliesSetup.Feature,
        ForecastsSetup.Feature,
        IncidentsSetup.Feature,
        ExploreSetup.Feature,
        NotificationsSetup.Feature,
        RulesSetup.Feature,
        OverviewSetup.Feature,
        StatusSetup.Feature,
        IntelligenceEndpoints.Feature,
    ];

    private static readonly IServiceCollection Services = Collect();

    public static IReadOnlyList<PageSection> Sections { get; } = Of<PageSection>();

    public static IReadOnlyList<JobSchedule> Schedules { get; } = Of<JobSchedule>();

    public static IReadOnlyList<RenamedJob> RenamedJobs { get; } = Of<RenamedJob>();

    public static IReadOnlyList<NavItem> Screens { get; } = Of<NavItem>();

    private static ServiceCollection Collect()
    {
        var services = new ServiceCollection();
        foreach (var feature in Features)
            feature.Add(services);
        return services;
    }

    private static IReadOnlyList<T> Of<T>()
        where T : class => [.. Services.Select(service => service.IsKeyedService ? null : service.ImplementationInstance).OfType<T>()];
}
