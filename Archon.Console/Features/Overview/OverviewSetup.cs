using Archon.Live;

namespace Archon.Features.Overview;

public static class OverviewSetup
{
    public static IServiceCollection AddOverview(this IServiceCollection services)
    {
        services.AddSingleton<RecentPictures>();
        services.AddSingleton<OverviewQueries>();
        return services;
    }
}
