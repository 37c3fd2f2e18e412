using Archon.Features.Anomalies;
using Archon.Features.Forecasts;
using Archon.Features.Incidents;
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
    private static readonly IServiceCollection Services = new ServiceCollection()
        .AddScanning()
        .AddWatches()
        .AddServices()
        .AddAnomalies()
        .AddForecasts()
        .AddIncidents()
        .AddRules()
        .AddNotifications()
        .AddOverview()
        .AddStatus();

    public static IReadOnlyList<JobSchedule> Schedules { get; } = Of<JobSchedule>();

    public static IReadOnlyList<RenamedJob> RenamedJobs { get; } = Of<RenamedJob>();

    public static IReadOnlyList<NavItem> Screens { get; } = Of<NavItem>();

    private static IReadOnlyList<T> Of<T>()
        where T : class => [.. Services.Select(service => service.IsKeyedService ? null : service.ImplementationInstance).OfType<T>()];
}
