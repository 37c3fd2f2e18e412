using Archon.Shell;

namespace Archon.Features.Status;

public static class StatusSetup
{
    public static ConsoleFeature Feature { get; } = new("Status", services => services.AddStatus()) { IsCore = true };

    public static IServiceCollection AddStatus(this IServiceCollection services)
    {
        services.AddSingleton(new NavItem("/status", "Status", "status", "t", NavGroup.System, 0) { IsOnPhone = true });
        services.AddSingleton<StatusQueries>();
        services.AddSingleton<JobQueries>();
        return services;
    }
}
