using Archon.Analysis.Detection;
using FsCheck;
using FsCheck.Fluent;
using Microsoft.FSharp.Core;
using Xunit;

namespace Archon.Tests.Analysis.Detection;

/// <summary>Numbers that break arithmetic are judged and leave nothing behind. The seed is fixed: a run that fails fails again.</summary>
public sealed class OddValueTests
{
    private static readonly double[] Odd =
    [
        double.MaxValue,
        double.MinValue,
        1e100,
        -1e100,
        1e31,
        1e30,
        double.PositiveInfinity,
        double.NegativeInfinity,
        double.NaN,
        double.Epsilon,
        0,
    ];

    private static readonly Config Fixed = Config
        .QuickThrowOnFailure.WithQuietOnSuccess(true)
        .WithMaxTest(60)
        .WithReplay(FSharpOption<Replay>.Some(new Replay(new Rnd(20261130), FSharpOption<int>.None)));

    [Fact]
    public void Whatever_comes_no_verdict_and_no_band_is_NaN()
    {
        Check.One(
            Fixed,
            Prop.ForAll(
                Gen.Choose(1, 10_000).Zip(Gen.Choose(1, 60)).ToArbitrary(),
                input =>
                {
                    var (seed, every) = input;
                    var random = new Random(seed);
                    var detector = new AnomalyDetector(SeriesModel.Start(new SeriesModelSettings()), new DetectorSettings());
                    var at = SeriesText.Monday;
                    for (var i = 0; i < 1500; i++)
                    {
                        at = at.AddMinutes(5);
                        var value = random.Next(every) == 0 ? Odd[random.Next(Odd.Length)] : 100 + random.NextDouble();
                        if (!IsWhole(detector.Score(at.ToUnixTimeMilliseconds(), value)))
                            return false;
                    }
                    var band = detector.Model.ExpectedAt(at.ToUnixTimeMilliseconds());
                    return double.IsFinite(band.Expected) && double.IsFinite(band.Lower) && double.IsFinite(band.Upper);
                }
            )
        );
    }

    [Theory]
    [InlineData(double.MaxValue)]
    [InlineData(-1e100)]
    [InlineData(double.PositiveInfinity)]
    public void A_number_that_nothing_measures_is_outside_and_changes_no_later_band(double odd)
    {
        var noise = SeriesText.Noise(41);
        var series = SeriesText.Of(3000, TimeSpan.FromMinutes(1), (_, _) => 100 + (3 * noise()));
        var (plain, hurt) = (
            new AnomalyDetector(SeriesModel.Start(new SeriesModelSettings()), new DetectorSettings()),
            new AnomalyDetector(SeriesModel.Start(new SeriesModelSettings()), new DetectorSettings())
        );
        for (var i = 0; i < series.Count; i++)
        {
            var (time, value) = (series.Times.Span[i], series.Values.Span[i]);
            if (i == 2000)
            {
                Assert.True(hurt.Score(time, odd).IsOutside);
                plain.Score(time, double.NaN);
                continue;
            }
            var (expected, actual) = (plain.Score(time, value), hurt.Score(time, value));
            Assert.Equal(expected.Expected, actual.Expected, 0.01);
            Assert.Equal(expected.Upper - expected.Lower, actual.Upper - actual.Lower, 0.01);
        }
    }

    [Fact]
    public void A_history_with_such_numbers_is_fitted_as_if_they_were_missing()
    {
        var noise = SeriesText.Noise(42);
        var values = Enumerable.Range(0, 2000).Select(_ => 100 + (3 * noise())).ToArray();
        SeriesModel Fitted(double odd) =>
            SeriesModel.Fit(
                SeriesText.Of(2000, TimeSpan.FromMinutes(5), (i, _) => i % 100 == 50 ? odd : values[i]),
                new SeriesModelSettings()
            );

        Assert.Equal(Fitted(double.NaN).ToBytes(), Fitted(double.MaxValue).ToBytes());
    }

    [Fact]
    public void An_explanation_of_such_a_value_writes_no_ratio_of_hundreds_of_digits()
    {
        var verdict = new SampleVerdict
        {
            Judgement = SampleJudgement.Judged,
            IsOutside = true,
            Expected = 1,
            Upper = 2,
        };

        var sentence = Explanation.Of(verdict, 1e300, 0, TimeZoneInfo.Utc, value => value > 1e30 ? "too large" : $"{value}");

        Assert.Equal("too large, usually near 1", sentence);
    }

    private static bool IsWhole(SampleVerdict verdict) =>
        !double.IsNaN(verdict.Expected)
        && !double.IsNaN(verdict.Lower)
        && !double.IsNaN(verdict.Upper)
        && !double.IsNaN(verdict.Deviation)
        && verdict.Score is >= 0 and <= 1
        && verdict.Level is >= 0 and <= 1
        && verdict.Alert is >= 0 and <= 1
        && verdict.Confidence is >= 0 and <= 1
        && Enum.GetValues<DetectionMember>().All(member => float.IsFinite(verdict.Votes[member]));
}
