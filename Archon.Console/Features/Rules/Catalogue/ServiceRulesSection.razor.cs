using Archon.Live;
using Archon.Ui.Health;
using Archon.Ui.View;
using Microsoft.AspNetCore.Components;

namespace Archon.Features.Rules.Catalogue;

/// <summary>The rules that name a service, on its page.</summary>
public sealed partial class ServiceRulesSection(ServiceRuleQueries rules, RuleTopic topic, ViewState view) : LivePage<ServiceRulesPicture>
{
    private const int RulesShown = 8;

    [Parameter, EditorRequired]
    public string Service { get; set; } = "";

    /// <summary>The labels that find its series.</summary>
    [Parameter, EditorRequired]
    public IReadOnlyDictionary<string, string> Matchers { get; set; } = new Dictionary<string, string>();

    protected override LiveSource<ServiceRulesPicture> Source
    {
        get
        {
            var (service, matchers) = (Service, Matchers);
            return LiveSource.Shared(
                "service-rules",
                view.EnvironmentId,
                $"{service}/{string.Join(',', matchers.OrderBy(one => one.Key, StringComparer.Ordinal))}",
                [topic],
                (environment, token) => rules.NamingAsync(environment, service, matchers, token)
            );
        }
    }

    private static StateKind RuleShape(ServiceRuleRow rule) =>
        (rule.ServerHealth, rule.ServerState) switch
        {
            ("err", _) => StateKind.Critical,
            (_, "firing") => StateKind.Warning,
            (_, "pending") => StateKind.Info,
            (_, "inactive") => StateKind.Ok,
            _ => StateKind.Unknown,
        };
}
