using Archon.Features.Rules.Catalogue;
using Archon.Features.Services;
using Archon.Features.Watches;
using Archon.Live;
using Archon.Ui.Health;
using Archon.Ui.View;
using Microsoft.AspNetCore.Components;

namespace Archon.Features.Rules.Coverage;

/// <summary>The rules that cover a service, on its page.</summary>
public sealed partial class ServiceRulesSection(
    ServiceRuleQueries rules,
    RuleTopic topic,
    WatchTopic watches,
    ServiceTopic services,
    ViewState view
) : LivePage<ServiceRulesPicture>
{
    private const int RulesShown = 8;

    [Parameter, EditorRequired]
    public int ServiceId { get; set; }

    [Parameter, EditorRequired]
    public string Service { get; set; } = "";

    /// <summary>The labels that find its series.</summary>
    [Parameter, EditorRequired]
    public IReadOnlyDictionary<string, string> Matchers { get; set; } = new Dictionary<string, string>();

    protected override LiveSource<ServiceRulesPicture> Source
    {
        get
        {
            var (serviceId, service, matchers) = (ServiceId, Service, Matchers);
            return LiveSource.Shared(
                "service-rules",
                view.EnvironmentId,
                $"{serviceId}/{service}/{string.Join(',', matchers.OrderBy(one => one.Key, StringComparer.Ordinal))}",
                [topic, watches, services],
                (environment, token) => rules.PictureAsync(environment, serviceId, service, matchers, token)
            );
        }
    }

    private string Summary
    {
        get
        {
            var cells = Picture?.Coverage?.Cells.Where(cell => cell.State != CoverageState.NoMetric).ToList() ?? [];
            return cells.Count == 0 ? "" : $"{cells.Count(cell => cell.State == CoverageState.Covered)} of {cells.Count} signals covered";
        }
    }

    private string? LinkOf(CoverageCell cell) => cell.Watch is { } watch ? Picture!.Links.GetValueOrDefault(watch.Id) : null;

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
