using Archon.ConfigFiles.Rules;
using Archon.Data.Catalogue;
using Archon.Features.Access;
using Archon.Features.Alerts;
using Archon.Features.Anomalies;
using Archon.Features.Forecasts;
using Archon.Features.Incidents;
using Archon.Features.Notifications;
using Archon.Features.Overview;
using Archon.Features.Rules.Apply;
using Archon.Features.Rules.Catalogue;
using Archon.Features.Rules.Coverage;
using Archon.Features.Rules.Editor;
using Archon.Features.Rules.FromAnomaly;
using Archon.Features.Rules.List;
using Archon.Features.Rules.Noise;
using Archon.Features.Services;
using Archon.Features.Status;
using Archon.Features.Watches;
using Archon.Tests.Kit;

namespace Archon.Tests.Features.PageStates;

/// <summary>A page, or a panel that reads for itself, and what it says in each state.</summary>
/// <param name="Loading">Before the first answer.</param>
/// <param name="Empty">In a new database, with a Prometheus and an Alertmanager that know nothing; null where it is drawn only for a thing that
/// exists.</param>
/// <param name="Failed">When the database, or the server that it asks, does not respond.</param>
/// <param name="Stale">When the database goes away after the page was read; null where it is read once, such as a form, or where the page
/// around it says so.</param>
public sealed record PageCase(Type Page, string Loading, string? Empty, string Failed, string? Stale)
{
    private const string Away = "Archon's database has not responded since";
    private const string NotReadSince = "Not read since";

    /// <summary>What follows the path in the address.</summary>
    public string Query { get; init; } = "";

    public IReadOnlyDictionary<string, object> Given { get; init; } = new Dictionary<string, object>();

    public override string ToString() => $"{Page.Name}{Query}";

    public static IReadOnlyList<PageCase> All { get; } =
    [
        new(typeof(OverviewPage), "Reading the state of all services", "Looking for services", "The catalogue cannot be read.", Away),
        new(typeof(ServicesPage), "Reading the catalogue", "No service is known yet.", "The catalogue cannot be read.", Away),
        new(typeof(ServicePage), "Reading the service", "No service is called shop.", "The service cannot be read.", Away)
        {
            Given = With(("Segment", "shop")),
        },
        new(typeof(ServiceEditPage), "Reading the service", "No service is called shop.", "The service cannot be read.", null)
        {
            Given = With(("Segment", "shop")),
        },
        new(typeof(SignalPanel), "Asking Prometheus for Latency", null, "No samples.", null)
        {
            Given = With(("Group", Signal), ("ServiceId", 1), ("Service", "shop"), ("ReadAt", ShellParts.Now)),
        },
        new(typeof(AnomaliesPage), "Reading anomalies", "Nothing is watched yet.", "Anomalies cannot be read.", Away),
        new(typeof(AnomalyPanel), "Reading the anomaly", "This anomaly is not there.", "The anomaly cannot be read.", null)
        {
            Given = With(("Id", 1L), ("ReadAt", ShellParts.Now), ("Back", "/anomalies")),
        },
        new(typeof(CauseSection), "Reading the likely cause", "No related anomalies.", "Unknown since", NotReadSince)
        {
            Given = With(("AnomalyId", 1L)),
        },
        new(typeof(ForecastsPage), "Reading the forecasts", "No limit is watched yet.", "The forecasts cannot be read.", Away),
        new(typeof(ForecastPanel), "Asking Prometheus for Disk", null, "No samples.", null)
        {
            Given = With(("Row", Limit), ("ReadAt", ShellParts.Now)),
        },
        new(typeof(LimitsSection), "Reading forecasts", "No limit has a forecast yet.", "Unknown since", NotReadSince),
        new(typeof(WatchEditPage), "Reading the watch", "There is no such watch.", "The watch cannot be read.", null)
        {
            Given = With(("Id", 1)),
        },
        new(typeof(ChannelsPage), "Reading the channels", "Unknown: Alertmanager was not read.", "The channels cannot be read.", Away),
        new(typeof(RulesPage), "Reading the rules", "Unknown: Prometheus was not read.", "The rules cannot be read.", Away),
        new(typeof(RuleWorkbenchPage), "Reading the rule", "There is no such rule.", "The rule cannot be read.", null)
        {
            Given = With(("Id", 1)),
        },
        new(typeof(RuleRecordPanel), "Reading the history of its alerts", "not known", "Not known:", null) { Given = With(("Rule", Rule)) },
        new(typeof(RoutePanel), "Asking Alertmanager", null, "Not known:", null)
        {
            Given = With(("EnvironmentId", 1), ("Labels", new Dictionary<string, string> { ["alertname"] = "Down" })),
        },
        new(typeof(ServiceRulesSection), "Reading rules", "No known rule covers or names this service.", "Unknown since", NotReadSince)
        {
            Given = With(("ServiceId", 1), ("Service", "shop"), ("Matchers", new Dictionary<string, string>())),
        },
        new(typeof(FiringSection), "Reading alerts", "Not checked yet.", "Unknown since", NotReadSince),
        new(typeof(ServiceAlertsSection), "Reading alerts", "Not checked yet.", "Unknown since", NotReadSince)
        {
            Given = With(("ServiceId", 1)),
        },
        new(typeof(RuleAlertsSection), "Reading alerts", "Not checked yet.", "Unknown since", NotReadSince) { Given = With(("RuleId", 1)) },
        new(typeof(RuleApplyPage), "Comparing the catalogue", "Rules are not applied from here.", "The rules cannot be read.", Away),
        new(typeof(FromAnomalyPage), "Reading the anomaly", "This anomaly is not there.", "The anomaly cannot be read.", null)
        {
            Given = With(("Id", 1L)),
        },
        new(typeof(CoveragePage), "Reading rules and watches", "No service is known.", "The coverage cannot be read.", Away),
        new(typeof(NoisePage), "Asking Prometheus for the history", "No alert is known to have fired.", "cannot be read.", null),
        new(typeof(StatusPage), "Reading watches and jobs", "Nothing is watched yet.", Away, Away),
        new(typeof(SettingsPage), "not read yet", "Teams none", Away, Away),
        new(typeof(SettingsPage), "Reading the settings", "No token was made yet.", "The settings cannot be read.", Away)
        {
            Query = "?tab=tokens",
        },
        new(typeof(SettingsPage), "Reading the settings", "No team was made yet.", "The settings cannot be read.", Away)
        {
            Query = "?tab=teams",
        },
        new(typeof(SettingsPage), "Reading the settings", "the last 0 changes", "The settings cannot be read.", Away)
        {
            Query = "?tab=audit",
        },
    ];

    /// <summary>Sentences that say that all is well: none of them may be on a page that has not been read, or could not be.</summary>
    public static IReadOnlyList<string> AllIsWell { get; } =
    [
        "Nothing runs out",
        "is inside its band",
        "are inside their bands",
        "No anomaly is open",
        "none open",
        "No alert fired",
        "No alert fires",
        "No alert of this rule fires",
        "none firing",
        "No silence applies",
        "No related anomalies",
        "up to date",
        "Every signal with samples has an alert",
        "Not checked none",
    ];

    private static SignalGroup Signal =>
        new(
            "Latency",
            [
                new ServiceWatchRow(
                    1,
                    "Latency",
                    WatchSignal.Duration,
                    "s",
                    "latency",
                    TimeSpan.FromSeconds(15),
                    1,
                    1,
                    null,
                    ShellParts.Now,
                    null,
                    null
                ),
            ]
        );

    private static LimitRow Limit =>
        new(
            1,
            1,
            "shop",
            "Disk",
            WatchSignal.Saturation,
            "1",
            new Dictionary<string, string>(),
            1,
            LimitSide.Ceiling,
            0.4,
            null,
            null,
            0,
            ShellParts.Now,
            null,
            null,
            null,
            null,
            "More history is needed."
        );

    private static RuleDetail Rule =>
        new(
            1,
            1,
            "shop.yml",
            new GroupContent("shop"),
            new RuleContent("Down", true, "up == 0"),
            1,
            1,
            [
                new RuleVersionRow(
                    1,
                    "up == 0",
                    TimeSpan.Zero,
                    TimeSpan.Zero,
                    new Dictionary<string, string>(),
                    new Dictionary<string, string>(),
                    null,
                    "ada",
                    "first",
                    ShellParts.Now.AddDays(-1)
                ),
            ],
            "",
            null,
            null,
            null,
            false
        );

    private static Dictionary<string, object> With(params (string Name, object Value)[] given) =>
        given.ToDictionary(one => one.Name, one => one.Value);
}
