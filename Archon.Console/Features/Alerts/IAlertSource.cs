using Archon.Integrations;
using Archon.Integrations.Prometheus;

namespace Archon.Features.Alerts;

/// <summary>A server that evaluates alert rules beside the Prometheus of an environment, such as a ruler.</summary>
public interface IAlertSource
{
    /// <summary>For people, and the same at each call.</summary>
    public string Name { get; }

    /// <summary>Its rules with their alerts; null where it evaluates none for the environment.</summary>
    public Task<Fetch<IReadOnlyList<PrometheusRuleGroup>>?> AlertRulesAsync(int environmentId, CancellationToken cancellationToken);
}
