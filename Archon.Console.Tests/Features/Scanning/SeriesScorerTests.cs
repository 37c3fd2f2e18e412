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
                foreach (var (stretch, steps) in stream.Prepend((Stretch.Calm, 20)))
                {
                    if (stretch is Stretch.Restart or Stretch.LearntAnew)
                        scorer = Again(scorer, stretch == Stretch.LearntAnew ? null : scorer.Model, at, answered);
                    for (var i = 0; i < steps; i++)
                    {
                        var from = at;
                        at += Scan.Step;
                        // Nothing is scored while the source does not answer.
                        if (stretch == Stretch.SourceAway)
                            continue;
                        answered += Scan.Step;
                        if (stretch != Stretch.NoSample)
                            scorer.Score(
                                at.ToUnixTimeMilliseconds(),
                                ValueOf(stretch, i),
                                stretch == Stretch.TooFewRequests ? 2 : 900,
                                gap: null
                            );
                        if (!double.IsNaN(scorer.LastUpper) && scorer.Guarded is null && stretch is Stretch.Calm or Stretch.Fault)
                            (judgedAt, answered) = (at, TimeSpan.Zero);
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
        Assert.InRange(scorer.LastLower, 0, 0.35);
    }

    private static SeriesScorer ScorerOf(Watch watch, SeriesModel? model = null, LowTrafficGuard? guard = null) =>
        new(1, null, model, watch.Interesting, watch.Unit, new DetectorSettings { Guard = guard }, ScanSettings.Of(watch));

    private static void Feed(SeriesScorer scorer, int samples, Func<int, double> value, int from = 0, double requests = double.NaN)
    {
        for (var i = from; i < from + samples; i++)
            scorer.Score(At(i).ToUnixTimeMilliseconds(), value(i), requests, gap: null);
    }

    private static DateTimeOffset At(int sample) => Start + (sample * Scan.Step);

    private static SeriesScorer Again(SeriesScorer scorer, SeriesModel? model, DateTimeOffset at, TimeSpan answered)
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
