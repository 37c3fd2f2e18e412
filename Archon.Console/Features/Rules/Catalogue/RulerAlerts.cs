using Archon.Features.Alerts;
using Archon.Integrations;
using Archon.Integrations.Prometheus;

namespace Archon.Features.Rules.Catalogue;

/// <summary>The alerts of a ruler that evaluates its rules itself.</summary>
internal sealed class RulerAlerts(RuleTarget target) : IAlertSource
{
    public string Name => target.Words;

    public Task<Fetch<IReadOnlyList<PrometheusRuleGroup>>?> AlertRulesAsync(int environmentId, CancellationToken cancellationToken) =>
        target.For(environmentId).RunningAsync(cancellationToken);
}
