using Archon.Live;
using Archon.Shell;

namespace Archon.Features.Watches;

public static class WatchesSetup
{
    public static ConsoleFeature Feature { get; } = new("Watches", services => services.AddWatches()) { IsCore = true };

    public static IServiceCollection AddWatches(this IServiceCollection services)
    {
        services.AddScoped<AnalyseJob>();
        services.AddScoped<WatchDiscoverer>();
        services.AddScoped<WatchCommands>();
        services.AddTopic<WatchTopic>();
        services.AddSingleton<WatchQueries>();
        services.AddSingleton<AnalysisQueries>();
        services.AddSingleton<IPaletteSource, WatchPalette>();
        return services;
    }
}
