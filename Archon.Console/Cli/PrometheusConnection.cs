using Archon.Integrations;
using Archon.Integrations.Prometheus;
using Microsoft.Extensions.Options;

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

    /// <exception cref="BadInputException">The address is none or has credentials, or a setting of the environment is wrong.</exception>
    public static PrometheusConnection To(string address)
    {
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
        var services = new ServiceCollection()
            .AddSingleton(TimeProvider.System)
            .AddSingleton<IConfiguration>(settings)
            .AddLogging()
            .AddIntegrations(Environment)
            .BuildServiceProvider();
        try
        {
            // Read now: a wrong setting is the user's to correct, whichever question would have met it first.
            _ = services.GetRequiredService<IOptions<PrometheusOptions>>().Value;
            return new PrometheusConnection(services);
        }
        catch (OptionsValidationException wrong)
        {
            services.Dispose();
            throw new BadInputException($"{string.Join(" ", wrong.Failures)} In the environment they are Prometheus__Username and so on.");
        }
    }

    public void Dispose() => services.Dispose();
}
