using Archon.Data.Catalogue;
using Archon.Integrations;

namespace Archon.Hosting;

public static class FirstEnvironment
{
    /// <summary>Registers the outside systems of the settings. They serve the environment that the first migration creates.</summary>
    public static IServiceCollection AddConfiguredUpstreams(this IServiceCollection services) =>
        services.AddIntegrations(MonitoredEnvironment.DefaultId);
}
