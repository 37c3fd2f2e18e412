using Archon.Analysis.Detection;
using Archon.Analysis.Series;
using Archon.Data.Catalogue;
using Archon.Features.Scanning;
using FsCheck;
using FsCheck.Fluent;
using Microsoft.FSharp.Core;
using Xunit;

namespace Archon.Tests.Features.Scanning;

public sealed class SeriesScorerTests
{
    private const long StepMs = 15_000;
    private static readonly ScanSettings Scan = new(
        TimeSpan.FromMilliseconds(StepMs),
        TimeSpan.FromMinutes(1),
        new ImpactSignal(SignalKind.Latency, "s")
    );
    private static readonly DateTimeOffset Start = new(2026, 11, 24, 8, 0, 0, TimeSpan.Zero);
    private static readonly SeriesModel Model = Learn([.. Enumerable.Range(0, 1440).Select(Quiet)], "s");
    private static readonly DetectorSettings Settings = new()
    {
        Guard = new LowTrafficGuard { Statistic = RequestStatistic.Mean, Window = TimeSpan.FromMinutes(1) },
    };

    private static readonly Watch Up = new()
    {
        Name = "up",
        Query = "up",
        Unit = "1",
        Signal = WatchSignal.Availability,
        Interesting = AnomalyDirection.Down,
    };

    private static readonly Watch Cpu = new()
    {
        Name = "cpu",
        Query = "cpu",
        Unit = "1",
        Signal = WatchSignal.Saturation,
        Interesting = AnomalyDirection.Up,
    };

    private static readonly Config Fixed = Config
        .QuickThrowOnFailure.WithQuietOnSuccess(true)
        .WithMaxTest(200)
        .WithReplay(FSharpOption<Replay>.Some(new Replay(new Rnd(20261130), FSharpOption<int>.None)));

    private enum Stretch
    {
        Calm,
        Fault,
        TooFewRequests,
        NoValue,
        NoSample,
        NotWhole,
        SourceAway,
        Restart,
        LearntAnew,
    }

    [Fact]
    public void No_anomaly_stays_open_longer_than_its_evidence_and_the_limit()
    {
        var opened = 0;
        var stretches = Gen.Zip(Gen.Elements(Enum.GetValues<Stretch>()), Gen.Choose(1, 70)).NonEmptyListOf();
        var property = Prop.ForAll(
            stretches.ToArbitrary(),
            stream =>
            {
                var scorer = new SeriesScorer(1, null, Model, AnomalyDirection.Both, "s", Settings, Scan);
                var (at, judgedAt, answered) = (Start, Start, TimeSpan.Zero);
                var (stored, hasModel) = (scorer.Model, true);
                var samples = new List<(long UnixMs, double Value, double Requests, string? Gap)>();
                DateTimeOffset? lastSampleAt = null;
                var wholeFrom = Start;
                foreach (var (stretch, steps) in stream.Prepend((Stretch.Calm, 20)))
                {
                    hasModel &= stretch != Stretch.LearntAnew;
                    if (stretch is Stretch.Restart or Stretch.LearntAnew)
                        scorer = Again(scorer, hasModel ? stored : null, at, answered, samples);
                    stored = scorer.Model;
                    for (var i = 0; i < steps; i++)
                    {
                        var from = at;
                        at += Scan.Step;
                        // Nothing is scored while the source does not answer.
                        if (stretch == Stretch.SourceAway)
                            continue;
                        answered += Scan.Step;
                        if (stretch != Stretch.NoSample)
                        {
                            if (lastSampleAt is null || at - lastSampleAt > Scan.Absence)
                                wholeFrom = at + Scan.Window;
                            lastSampleAt = at;
                            var requests = stretch == Stretch.TooFewRequests ? 2 : 900;
                            var gap = stretch == Stretch.NotWhole ? SourceGaps.NotWhole : null;
                            samples.Add((at.ToUnixTimeMilliseconds(), ValueOf(stretch, i), requests, gap));
                            scorer.Score(at.ToUnixTimeMilliseconds(), ValueOf(stretch, i), requests, gap);
                            var isUsable = stretch is Stretch.Calm or Stretch.Fault or Stretch.Restart;
                            if (isUsable && hasModel && at >= wholeFrom)
                                (judgedAt, answered) = (at, TimeSpan.Zero);
                        }
                        scorer.EndIfUnjudged(from, at, SourceGaps.None);
                        foreach (var span in scorer.TakeChanges().Where(span => span.EndedAt is not null))
                            Assert.True(span.EndedAt <= at && span.EndReason is { Length: > 0 });
                        opened += scorer.Open is null ? 0 : 1;
                        Assert.True(
                            scorer.Open is null || answered < Scan.MostUnjudged,
                            $"Open after {answered} without a judged sample, the last one at {judgedAt:O}, in {stretch} at {at:O}."
                        );
                    }
                }
            }
        );

        Check.One(Fixed, property);
        Assert.InRange(opened, 1000, int.MaxValue);
    }

    [Fact]
    public void A_target_that_is_down_from_the_start_is_reported_after_a_minute_without_anything_learnt()
    {
        var scorer = ScorerOf(
            new Watch
            {
                Name = "up",
                Query = "up",
                Unit = "1",
                Signal = WatchSignal.Availability,
                Interesting = AnomalyDirection.Down,
            }
        );

        Feed(scorer, 4, _ => 0);
        Assert.Null(scorer.Open);
        Feed(scorer, 1, _ => 0, from: 4);
        var open = scorer.Open!;
        Feed(scorer, 3, _ => 1, from: 5);
        Assert.NotNull(scorer.Open);
        Feed(scorer, 1, _ => 1, from: 8);

        Assert.Equal((At(0), AnomalyDirection.Down, "Down for 60 s: 0 %"), (open.StartedAt, open.Direction, open.Explanation));
        Assert.Equal((At(4), At(5)), (open.LastSeenAt, open.EndedAt!.Value));
        Assert.Null(scorer.Open);
    }

    [Theory]
    [InlineData(900, true)]
    [InlineData(2, false)]
    public void Requests_that_all_fail_are_reported_where_they_are_enough(double requests, bool isReported)
    {
        var scorer = ScorerOf(
            new Watch
            {
                Name = "errors",
                Query = "errors",
                Unit = "1",
                Signal = WatchSignal.Errors,
                Interesting = AnomalyDirection.Up,
            },
            guard: new LowTrafficGuard { Statistic = RequestStatistic.Share, Window = TimeSpan.FromMinutes(1) }
        );

        Feed(scorer, 8, _ => 1, requests: requests);

        Assert.Equal(isReported, scorer.Open is not null);
    }

    [Theory]
    [InlineData(1, true)]
    [InlineData(double.PositiveInfinity, true)]
    [InlineData(0.98, false)]
    [InlineData(1.2, false)]
    public void A_saturation_that_stays_at_its_end_is_reported_after_five_minutes_however_usual_it_is(double value, bool isReported)
    {
        var watch = new Watch
        {
            Name = "cpu",
            Query = "cpu",
            Unit = "1",
            Signal = WatchSignal.Saturation,
            Interesting = AnomalyDirection.Up,
        };
        var scorer = ScorerOf(watch);

        Feed(scorer, 20, _ => value);
        Assert.Null(scorer.Open);
        Feed(scorer, 1, _ => value, from: 20);

        Assert.Equal(isReported, scorer.Open is not null);
        if (isReported)
            Assert.Equal($"At its worst for 5 min: {(double.IsFinite(value) ? "100 %" : "infinite")}", scorer.Open!.Explanation);
    }

    [Fact]
    public void A_limit_that_is_reached_is_reported_after_a_minute()
    {
        var watch = new Watch
        {
            Name = "certificate",
            Query = "certificate",
            Unit = "s",
            Signal = WatchSignal.Saturation,
            Interesting = AnomalyDirection.Down,
            Limit = 0,
            LimitSide = LimitSide.Floor,
        };
        var scorer = ScorerOf(watch);

        Feed(scorer, 10, at => 60 - (15 * at));

        Assert.Equal(At(4), scorer.Open!.StartedAt);
    }

    [Fact]
    public void The_band_of_a_share_ends_where_the_share_does()
    {
        var history = Enumerable.Range(0, 1440).Select(i => i % 7 == 0 ? 0.99 : 0.35 + (i % 5 * 0.1)).ToArray();
        var model = Learn(history, "1");
        var watch = new Watch
        {
            Name = "cpu",
            Query = "cpu",
            Unit = "1",
            Signal = WatchSignal.Saturation,
            Interesting = AnomalyDirection.Up,
        };
        var scorer = ScorerOf(watch, model);

        Feed(scorer, 1, _ => 0.5);

        Assert.InRange(scorer.LastUpper, 0.9, 1);
        // Rates are extrapolated.
        Feed(scorer, 1, _ => 1.002, from: 1);
        Feed(scorer, 1, _ => 0.5, from: 2);
        Assert.InRange(scorer.LastUpper, 0.9, 1);
        Assert.InRange(scorer.LastLower, 0, 0.35);
    }

    [Fact]
    public void A_second_outage_after_the_series_was_gone_is_an_anomaly_of_its_own()
    {
        var scorer = ScorerOf(Up);
        Feed(scorer, 6, _ => 0);
        for (var i = 6; i < 60; i++)
            scorer.EndIfUnjudged(At(i - 1), At(i), SourceGaps.None);
        var first = Assert.Single(scorer.TakeChanges());

        Feed(scorer, 1, _ => 0, from: 60);
        Assert.Null(scorer.Open);
        Feed(scorer, 4, _ => 0, from: 61);

        Assert.Equal((At(0), "The series has no more samples."), (first.StartedAt, first.EndReason));
        Assert.Equal(At(60), scorer.Open!.StartedAt);
    }

    [Fact]
    public void A_series_that_was_away_has_not_been_down_meanwhile()
    {
        var scorer = ScorerOf(Up);
        Feed(scorer, 1, _ => 0);

        Feed(scorer, 4, _ => 0, from: 2000);
        Assert.Null(scorer.Open);
        Feed(scorer, 1, _ => 0, from: 2004);

        Assert.Equal("Down for 60 s: 0 %", scorer.Open!.Explanation);
    }

    [Fact]
    public void Values_at_their_worst_are_no_anomaly_at_a_time_that_someone_called_expected()
    {
        var history = Enumerable.Range(0, 1440).Select(i => 0.35 + (i % 5 * 0.1)).ToArray();
        var everyTime = new AcceptedTime(0, 7 * 24 * 60, DeviationDirection.Up, 1000);
        var settings = new DetectorSettings { Adjustment = new DetectionAdjustment { Accepted = [everyTime] } };
        var scorer = new SeriesScorer(1, null, Learn(history, "1"), AnomalyDirection.Up, "1", settings, ScanSettings.Of(Cpu));

        Feed(scorer, 40, _ => 1);

        Assert.Null(scorer.Open);
    }

    [Fact]
    public void An_anomaly_without_values_ends_for_that_reason()
    {
        var scorer = ScorerOf(Up);
        Feed(scorer, 6, _ => 0);

        for (var i = 6; i < 60 && scorer.Open is not null; i++)
        {
            Feed(scorer, 1, _ => double.NaN, from: i);
            scorer.EndIfUnjudged(At(i - 1), At(i), SourceGaps.None);
        }

        Assert.Equal("No value for 10 min.", Assert.Single(scorer.TakeChanges()).EndReason);
    }

    [Theory]
    [InlineData(1, false)]
    [InlineData(2, false)]
    [InlineData(3, true)]
    [InlineData(40, true)]
    public void A_task_or_two_in_a_queue_that_was_always_empty_are_no_news(double value, bool isReported)
    {
        var watch = new Watch
        {
            Name = "queue",
            Query = "queue",
            Unit = "{task}",
            Signal = WatchSignal.Saturation,
            Interesting = AnomalyDirection.Up,
        };
        var scorer = ScorerOf(watch, Learn([.. Enumerable.Repeat(0.0, 1440)], watch.Unit));

        Feed(scorer, 8, _ => value);

        Assert.Equal(isReported, scorer.Open is not null);
        Assert.InRange(scorer.LastUpper, 2, 3);
    }

    private static SeriesScorer ScorerOf(Watch watch, SeriesModel? model = null, LowTrafficGuard? guard = null) =>
        new(1, null, model, watch.Interesting, watch.Unit, new DetectorSettings { Guard = guard }, ScanSettings.Of(watch));

    private static void Feed(SeriesScorer scorer, int samples, Func<int, double> value, int from = 0, double requests = double.NaN)
    {
        for (var i = from; i < from + samples; i++)
            scorer.Score(At(i).ToUnixTimeMilliseconds(), value(i), requests, gap: null);
    }

    private static DateTimeOffset At(int sample) => Start + (sample * Scan.Step);

    private static SeriesScorer Again(
        SeriesScorer scorer,
        SeriesModel? model,
        DateTimeOffset at,
        TimeSpan answered,
        List<(long UnixMs, double Value, double Requests, string? Gap)> samples
    )
    {
        var next = new SeriesScorer(1, null, model, AnomalyDirection.Both, "s", Settings, Scan);
        next.GoOnFrom(scorer.LastSampleAt);
        if (scorer.Open is { } open)
        {
            next.Resume(
                new Archon.Data.Anomalies.Anomaly
                {
                    StartedAt = open.StartedAt,
                    LastSeenAt = open.LastSeenAt,
                    Direction = open.Direction,
                },
                at,
                answered
            );
        }
        foreach (var (unixMs, value, requests, gap) in samples.TakeLast(120))
            next.Replay(unixMs, value, requests, gap);
        return next;
    }

    private static double ValueOf(Stretch stretch, int i) =>
        stretch switch
        {
            Stretch.Fault or Stretch.TooFewRequests => 9,
            Stretch.NoValue => double.NaN,
            _ => Quiet(i),
        };

    private static double Quiet(int i) => 0.1 + (i % 5 * 0.001);

    private static SeriesModel Learn(double[] history, string unit)
    {
        var times = Enumerable
            .Range(0, history.Length)
            .Select(i => Start.ToUnixTimeMilliseconds() - ((history.Length - i) * StepMs))
            .ToArray();
        return SeriesModel.Fit(new MetricSeries(SeriesLabels.None, times, history), new SeriesModelSettings { Unit = unit });
    }
}
