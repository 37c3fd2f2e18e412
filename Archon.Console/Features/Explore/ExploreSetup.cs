using Archon.Features.Explore.Metrics;
using Archon.Shell;
using Microsoft.AspNetCore.RateLimiting;

namespace Archon.Features.Explore;

public static class ExploreSetup
{
    public static ConsoleFeature Feature { get; } =
        new("Explore", services => services.AddExplore(), endpoints => endpoints.MapCompletion());

    public static IServiceCollection AddExplore(this IServiceCollection services)
    {
        services.Configure<RateLimiterOptions>(limits => limits.AddPolicy<string, CompletionLimit>(CompletionLimit.Name));
        return services;
    }
}
