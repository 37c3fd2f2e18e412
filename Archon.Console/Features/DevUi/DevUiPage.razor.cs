using Archon.Data.Catalogue;
using Archon.Ui.Charts;
using Archon.Ui.Dialogs;
using Archon.Ui.Editor;
using Archon.Ui.Health;

namespace Archon.Features.DevUi;

public sealed partial class DevUiPage(Floats floats, TimeProvider clock)
{
    private const string Query = "sum by (service) (rate(http_requests_total{code=~\"5..\"}[5m])) > 0.05";
    private const int Samples = 120;
    private const int Step = 30;

    private static readonly IReadOnlyList<(ServiceTier, string)> Tiers =
    [
        (ServiceTier.Critical, "critical"),
        (ServiceTier.Standard, "standard"),
        (ServiceTier.BestEffort, "best effort"),
    ];

    private static readonly string[] Teams = ["checkout", "identity", "observability", "payments", "search"];
    private static readonly string[] Warnings = ["bucket label \"le\" is missing (1:5)"];
    private static readonly string[] Infos = ["metric might not be a counter"];
    private static readonly double[] Trend = [3, 4, 3, 5, double.NaN, double.NaN, 6, 4, 9, 8, 4, 3];
    private static readonly CodeMark[] Fault = [new(0, 3, StateKind.Critical, "A sum needs numbers.")];

    private static readonly DateTime Now = new(2026, 11, 24, 3, 7, 18);

    private static readonly IReadOnlyList<(string, string, int?, bool)> Tabs =
    [
        ("dev/ui", "You", null, true),
        ("settings?tab=tokens", "API tokens", 3, false),
    ];

    private (DateTime Start, DateTime End) days = (new(2026, 11, 11, 22, 0, 0), new(2026, 11, 13, 6, 30, 0));
    private ChartData? chart;
    private string? text = "checkout";
    private string? team = "payments";
    private string? noTeam;
    private double sensitivity = 0.5;
    private ServiceTier tier = ServiceTier.Standard;
    private string code = Query;
    private const string Yaml = "groups:\n  - name: shop\n    rules: []\n";
    private string filter = "";

    protected override void OnInitialized() => chart = Sample(clock.GetUtcNow());

    private async Task AskAsync()
    {
        var question = new Question("Ignore 15 services?", "They are not watched until someone restores them.", "Ignore 15", "Keep them");
        await floats.SayAsync(await floats.ConfirmAsync(question) ? "15 services ignored." : "Nothing changed.");
    }

    private Task NoteAsync() => floats.SayAsync("15 services ignored.", () => floats.SayAsync("15 services restored."));

    private Task FailAsync() => floats.SayFailureAsync("Not saved: the database does not respond.");

    /// <summary>An hour of latency with a band, a gap, an anomaly and a threshold.</summary>
    private static ChartData Sample(DateTimeOffset now)
    {
        var start = now.ToUnixTimeSeconds() - (Samples * Step);
        var x = new double[Samples];
        var values = new double[Samples];
        var lower = new double[Samples];
        var upper = new double[Samples];
        for (var at = 0; at < Samples; at++)
        {
            var level = 0.12 + (0.02 * Math.Sin(at / 9.0));
            x[at] = start + (at * Step);
            (lower[at], upper[at]) = (level - 0.03, level + 0.03);
            values[at] =
                at is >= 40 and < 50 ? double.NaN
                : at is >= 90 and < 100 ? level + 0.2
                : level + (0.01 * Math.Sin(at * 1.7));
        }
        return new ChartData(x, [new ChartLine("P95", "s", values, 1)])
        {
            Band = new ChartBand(lower, upper),
            Anomalies = [new ChartSpan(x[90], x[99], "latency")],
            Gaps = [new ChartSpan(x[40], x[49], "no data", StateKind.Unknown)],
            Thresholds = [new ChartThreshold(0.3, "limit 300 ms")],
        };
    }
}
