using Archon.Integrations;
using Archon.Integrations.Prometheus;

namespace Archon.Cli;

/// <summary>A client of a Prometheus for a tool, with the console's own settings but for the address: credentials come from the environment, as
/// <c>Prometheus__BearerToken</c>, and not from the command line, which others can read.</summary>
internal sealed class PrometheusConnection : IDisposable
{
    // A tool's questions are heavier than a page's, and nobody waits for a screen to fill.
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    // A tool knows no environments: there is only what the command line names.
    private const int Environment = 0;

    private readonly ServiceProvider services;

    private PrometheusConnection(ServiceProvider services) => this.services = services;

    public PrometheusClient Client => services.GetRequiredService<Upstreams>().For(Environment).Prometheus;

    /// <exception cref="BadInputException">The address is none.</exception>
    public static PrometheusConnection To(string address)
    {
        if (!Uri.TryCreate(address, UriKind.Absolute, out var parsed) || parsed.Scheme is not ("http" or "https"))
        {
            throw new BadInputException($"{address} is no http or https address.");
        }
        var settings = new ConfigurationBuilder()
            .AddEnvironmentVariables()
            .AddInMemoryCollection(
                new Dictionary<string, string?>
                {
                    ["Prometheus:BaseAddress"] = address,
                    ["Prometheus:QueryTimeout"] = Patience.ToString("c"),
                }
            )
            .Build();
        return new PrometheusConnection(
            new ServiceCollection()
                .AddSingleton(TimeProvider.System)
                .AddSingleton<IConfiguration>(settings)
                .AddLogging()
                .AddIntegrations(Environment)
                .BuildServiceProvider()
        );
    }

    public void Dispose() => services.Dispose();
}
