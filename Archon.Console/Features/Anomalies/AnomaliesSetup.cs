using Archon.Shell;

namespace Archon.Features.Anomalies;

public static class AnomaliesSetup
{
    public static ConsoleFeature Feature { get; } = new("Anomalies", services => services.AddAnomalies()) { IsCore = true };

    public static IServiceCollection AddAnomalies(this IServiceCollection services)
    {
        services.AddSingleton(new NavItem("/anomalies", "Anomalies", "anomalies", "n", NavGroup.Now, 10) { IsOnPhone = true });
        services.AddSingleton<AnomalyCommands>();
        services.AddSingleton<AnomalyQueries>();
        services.AddSingleton<IPaletteSource, AnomalyPalette>();
        services.AddSingleton<INavCountSource, AnomalyCount>();
        return services;
    }
}
