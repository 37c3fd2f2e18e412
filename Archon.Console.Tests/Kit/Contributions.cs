using Archon.Jobs;
using Archon.Shell;
using Microsoft.Extensions.DependencyInjection;

namespace Archon.Tests.Kit;

/// <summary>What the features contribute, without a console.</summary>
internal static class Contributions
{
    /// <summary>All but access, which needs the rest of a console.</summary>
    public static IReadOnlyList<ConsoleFeature> Features { get; } = [.. Program.Features.Where(feature => feature.Name != "Access")];

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
