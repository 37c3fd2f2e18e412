using System.Diagnostics.Metrics;
using Archon.Data.Background;

namespace Archon.Features.Scanning;

/// <summary>What scans and fits cost and find.</summary>
public sealed class WatchMetrics
{
    // The usual bounds are made for milliseconds: everything of ours would lie in the first.
    private static readonly InstrumentAdvice<double> Seconds = new()
    {
        HistogramBucketBoundaries = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60],
    };
    private static readonly KeyValuePair<string, object?> Scan = new("kind", "scan");
    private static readonly KeyValuePair<string, object?> Fit = new("kind", "fit");
    private static readonly KeyValuePair<string, object?> Forecast = new("kind", "forecast");
    private static readonly KeyValuePair<string, object?> Triage = new("kind", "triage");
    private readonly Counter<long> analyses;
    private readonly Histogram<double> duration;
    private readonly Histogram<double> lag;
    private readonly Counter<long> samples;
    private readonly Counter<long> notChecked;
    private readonly Counter<long> opened;
    private readonly Counter<long> closed;

    public WatchMetrics(IMeterFactory meters)
    {
        var meter = meters.Create(ArchonMeter.Name);
        analyses = meter.CreateCounter<long>("archon.intelligence.analyses", "{analysis}", "Series analysed, by kind.");
        duration = meter.CreateHistogram(
            "archon.intelligence.analysis.duration",
            "s",
            "Time to scan, fit or forecast one watch, upstream included.",
            advice: Seconds
        );
        lag = meter.CreateHistogram("archon.scan.lag", "s", "Age of the newest instant when its scan committed.", advice: Seconds);
        samples = meter.CreateCounter<long>("archon.scan.samples", "{sample}", "Samples scored.");
        notChecked = meter.CreateCounter<long>("archon.scan.not_checked", "{scan}", "Scans without an answer from the upstream.");
        opened = meter.CreateCounter<long>("archon.anomalies.opened", "{anomaly}", "Anomalies that began.");
        closed = meter.CreateCounter<long>("archon.anomalies.closed", "{anomaly}", "Anomalies that ended.");
    }

    public void Scanned(int series, long scored, TimeSpan took, TimeSpan behind)
    {
        analyses.Add(series, Scan);
        samples.Add(scored);
        duration.Record(took.TotalSeconds, Scan);
        lag.Record(behind.TotalSeconds);
    }

    public void Fitted(int series, TimeSpan took)
    {
        analyses.Add(series, Fit);
        duration.Record(took.TotalSeconds, Fit);
    }

    public void Forecasted(int series, TimeSpan took)
    {
        analyses.Add(series, Forecast);
        duration.Record(took.TotalSeconds, Forecast);
    }

    public void Triaged(int members, TimeSpan took)
    {
        analyses.Add(members, Triage);
        duration.Record(took.TotalSeconds, Triage);
    }

    public void NotChecked() => notChecked.Add(1);

    public void Changed(int began, int ended)
    {
        opened.Add(began);
        closed.Add(ended);
    }
}
