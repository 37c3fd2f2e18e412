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
    private static readonly ScanPace Pace = new(TimeSpan.FromMilliseconds(StepMs), TimeSpan.FromMinutes(1));
    private static readonly DateTimeOffset Start = new(2026, 11, 24, 8, 0, 0, TimeSpan.Zero);
    private static readonly SeriesModel Model = Learn();
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
                var scorer = new SeriesScorer(1, null, Model, AnomalyDirection.Both, "s", Settings, Pace);
                var (at, judgedAt, answered) = (Start, Start, TimeSpan.Zero);
                foreach (var (stretch, steps) in stream.Prepend((Stretch.Calm, 20)))
                {
                    if (stretch is Stretch.Restart or Stretch.LearntAnew)
                        scorer = Again(scorer, stretch == Stretch.LearntAnew ? null : scorer.Model, at, answered);
                    for (var i = 0; i < steps; i++)
                    {
                        var from = at;
                        at += Pace.Step;
                        // Nothing is scored while the source does not answer.
                        if (stretch == Stretch.SourceAway)
                            continue;
                        answered += Pace.Step;
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
                            scorer.Open is null || answered < Pace.MostUnjudged,
                            $"Open after {answered} without a judged sample, the last one at {judgedAt:O}, in {stretch} at {at:O}."
                        );
                    }
                }
            }
        );

        Check.One(Fixed, property);
        Assert.InRange(opened, 1000, int.MaxValue);
    }

    private static SeriesScorer Again(SeriesScorer scorer, SeriesModel? model, DateTimeOffset at, TimeSpan answered)
    {
        var next = new SeriesScorer(1, null, model, AnomalyDirection.Both, "s", Settings, Pace);
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

    private static SeriesModel Learn()
    {
        var times = Enumerable.Range(0, 1440).Select(i => Start.ToUnixTimeMilliseconds() - ((1440 - i) * StepMs)).ToArray();
        return SeriesModel.Fit(
            new MetricSeries(SeriesLabels.None, times, Enumerable.Range(0, 1440).Select(Quiet).ToArray()),
            new SeriesModelSettings { Unit = "s" }
        );
    }
}
