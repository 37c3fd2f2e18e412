using Archon.Analysis.Detection;
using Archon.Analysis.Series;
using Archon.Features.Scanning;

namespace Archon.Tests.Features.Scanning;

/// <summary>One anomaly as it was reported; times are numbers of samples.</summary>
internal sealed class SimulatedAnomaly
{
    public required SimulatedSeries Series { get; init; }
    public required OpenSpan Span { get; init; }

    /// <summary>The first sample that is part of it.</summary>
    public required int Began { get; init; }

    /// <summary>The scan that opened it.</summary>
    public required int Reported { get; init; }

    /// <summary>The scan that ended it; null while it is open.</summary>
    public int? Closed { get; set; }

    /// <summary>The greatest that it had, as one of a standard service with this series alone.</summary>
    public ImpactSeverity Severity { get; set; }

    public bool IsOfFault =>
        Series.Faults.Any(fault => Began >= fault.Start && Began < fault.End + (10 * 60 / SimulatedEstate.StepSeconds));
}

/// <summary>Scans simulated series as the jobs do: models are fitted on samples five minutes apart and the last half hour, then every sample is scored.</summary>
internal static class SimulatedScans
{
    private const int StepsPerHour = 3600 / SimulatedEstate.StepSeconds;
    private static readonly DetectorSettings Settings = new();

    /// <param name="known">How many samples before <paramref name="from"/> the models are fitted on.</param>
    /// <returns>By the time they were reported.</returns>
    public static List<SimulatedAnomaly> Run(IReadOnlyList<SimulatedSeries> series, int from, int to, int known)
    {
        var scorers = new (SimulatedSeries Series, SeriesScorer Scorer, ImpactSignal Signal)[series.Count];
        Parallel.For(
            0,
            series.Count,
            i =>
            {
                var (scan, one) = (ScanSettings.Of(series[i].Watch), series[i]);
                var scorer = new SeriesScorer(
                    i,
                    null,
                    Fit(one, from, known),
                    one.Watch.Interesting,
                    one.Watch.Unit,
                    Settings with
                    {
                        Guard = scan.Guard,
                    },
                    scan
                );
                scorer.GoOnFrom(scorer.LearntTo);
                scorers[i] = (one, scorer, AnomalySeverities.SignalOf(one.Watch));
            }
        );
        var found = new List<SimulatedAnomaly>[series.Count];
        var hours = new double[EstateEvidence.Classes];
        // Hour by hour, because what is reported follows from what all series had in the hours before.
        for (var hour = from; hour < to; hour += StepsPerHour)
        {
            var (least, end) = (EstateEvidence.LeastRarity(hours), Math.Min(to, hour + StepsPerHour));
            Parallel.For(0, series.Count, i => Scan(scorers[i], hour, end, least, found[i] ??= []));
            foreach (var (_, scorer, _) in scorers)
            {
                foreach (var peak in scorer.Peaks.Take())
                    hours[peak.Class]++;
            }
        }
        return [.. found.SelectMany(one => one).OrderBy(one => one.Reported)];
    }

    /// <summary>As <see cref="FitModelsJob"/> does.</summary>
    public static SeriesModel? Fit(SimulatedSeries series, int until, int known)
    {
        const int recent = 30 * 60 / SimulatedEstate.StepSeconds;
        var apart = FitModelsJob.LongStep.TotalSeconds / SimulatedEstate.StepSeconds;
        var settings = new SeriesModelSettings { Unit = series.Watch.Unit };
        var longUntil = until - recent;
        if (known / apart < 270)
        {
            var few = SeriesModel.Fit(Samples(series, Math.Max(until - known, until - (6 * StepsPerHour)), until, 1), settings);
            return few.FitVerdict is FitVerdict.Ready ? few : null;
        }
        var model = SeriesModel.Fit(Samples(series, until - known, longUntil, apart), settings);
        return model.FitVerdict is FitVerdict.Ready ? model.GoOn(Samples(series, longUntil, until, 1)) : null;
    }

    /// <param name="apart">In samples; a server answers with the newest sample at each time.</param>
    private static MetricSeries Samples(SimulatedSeries series, int from, int to, double apart)
    {
        var (times, values) = (new List<long>(), new List<double>());
        for (double at = from; at < to; at += apart)
        {
            times.Add(SimulatedEstate.Start.AddSeconds(at * SimulatedEstate.StepSeconds).ToUnixTimeMilliseconds());
            values.Add(series.Values[(int)at]);
        }
        return new MetricSeries(SeriesLabels.None, times.ToArray(), values.ToArray());
    }

    private static void Scan(
        (SimulatedSeries Series, SeriesScorer Scorer, ImpactSignal Signal) one,
        int from,
        int to,
        double leastRarity,
        List<SimulatedAnomaly> found
    )
    {
        var (series, scorer, signal) = one;
        scorer.LeastRarity = leastRarity;
        for (var at = from; at < to; at++)
        {
            var time = SimulatedEstate.At(at);
            scorer.Score(time.ToUnixTimeMilliseconds(), series.Values[at], series.Requests?[at] ?? double.NaN, gap: null);
            scorer.EndIfUnjudged(time - series.Watch.Step, time, SourceGaps.None);
            foreach (var span in scorer.TakeChanges())
            {
                if (found.Count == 0 || found[^1].Span != span)
                {
                    found.Add(
                        new SimulatedAnomaly
                        {
                            Series = series,
                            Span = span,
                            Began = SampleOf(span.StartedAt),
                            Reported = at,
                        }
                    );
                }
                var anomaly = found[^1];
                foreach (var deviation in span.Ungraded)
                {
                    var grade = Impact.Of(signal, deviation, ServiceWeight.Standard, affected: 1).Severity;
                    anomaly.Severity = grade > anomaly.Severity ? grade : anomaly.Severity;
                }
                span.Ungraded.Clear();
                if (span.EndedAt is not null)
                    anomaly.Closed = at;
            }
        }
    }

    private static int SampleOf(DateTimeOffset at) => (int)((at - SimulatedEstate.Start).TotalSeconds / SimulatedEstate.StepSeconds);
}
