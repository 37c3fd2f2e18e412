using Archon.Live;
using Archon.Ui.View;
using Microsoft.AspNetCore.Components;

namespace Archon.Features.Alerts;

/// <summary>The alerts of a rule with their rendered texts, where the rule is shown.</summary>
public sealed partial class RuleAlertsSection(AlertQueries alerts, AlertTopic topic, ViewState view) : LivePage<AlertsPicture>
{
    [Parameter, EditorRequired]
    public int RuleId { get; set; }

    protected override LiveSource<AlertsPicture> Source
    {
        get
        {
            var ruleId = RuleId;
            return LiveSource.Shared(
                "rule-alerts",
                view.EnvironmentId,
                $"{ruleId}",
                [topic],
                (environment, token) => alerts.OfRuleAsync(environment, ruleId, token)
            );
        }
    }

    protected override void Follow() => WakeEvery(AlertLine.AgeShownFor);
}
