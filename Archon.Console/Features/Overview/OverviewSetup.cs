using Archon.Shell;

namespace Archon.Features.Overview;

public static class OverviewSetup
{
    public static ConsoleFeature Feature { get; } = new("Overview", services => services.AddOverview());

    public static IServiceCollection AddOverview(this IServiceCollection services)
    {
        services.AddSingleton(new NavItem("/", "Overview", "overview", "o", NavGroup.Now, 0) { IsOnPhone = true });
        services.AddSingleton<OverviewQueries>();
        return services;
    }
}
