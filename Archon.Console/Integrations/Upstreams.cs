using Archon.Integrations.Alertmanager;
using Archon.Integrations.Loki;
using Archon.Integrations.Prometheus;

namespace Archon.Integrations;

/// <summary>The environment that the outside systems of the settings serve.</summary>
public sealed record ConfiguredEnvironment(int Id);

/// <summary>The clients of one environment.</summary>
public sealed record EnvironmentUpstreams(PrometheusClient Prometheus, AlertmanagerClient Alertmanager, LokiClient Loki);

/// <summary>The outside systems of each environment. Features get their clients here, so that none asks those of another environment.</summary>
public sealed class Upstreams
{
    private readonly ConfiguredEnvironment configured;
    private readonly EnvironmentUpstreams ofConfigured;
    private readonly Func<int, EnvironmentUpstreams> refusing;

    internal Upstreams(ConfiguredEnvironment configured, EnvironmentUpstreams ofConfigured, Func<int, EnvironmentUpstreams> refusing) =>
        (this.configured, this.ofConfigured, this.refusing) = (configured, ofConfigured, refusing);

    /// <returns>
    /// For an environment without outside systems, clients that answer each call with <see cref="Fetch{T}.Unavailable"/> and the reason: what would be
    /// asked there is not checked, and never taken from another environment.
    /// </returns>
    public EnvironmentUpstreams For(int environmentId) => environmentId == configured.Id ? ofConfigured : refusing(environmentId);
}
