using Archon.Analysis.Detection;
using FsCheck;
using FsCheck.Fluent;
using Microsoft.FSharp.Core;
using Xunit;

namespace Archon.Tests.Analysis.Detection;

/// <summary>The control of false alerts over all series. The seed is fixed: a run that fails fails again.</summary>
public sealed class EstateEvidenceTests
{
    private static readonly Config Fixed = Config
        .QuickThrowOnFailure.WithQuietOnSuccess(true)
        .WithMaxTest(60)
        .WithReplay(FSharpOption<Replay>.Some(new Replay(new Rnd(20261130), FSharpOption<int>.None)));

    [Fact]
    public void Calm_series_are_reported_once_in_a_hundred_days_also_where_their_tails_are_heavier_than_the_calibration_knows()
    {
        Check.One(
            Fixed,
            Prop.ForAll(
                Gen.Choose(1, 10_000).Zip(Gen.Elements(0.6, 0.8, 1.0)).Zip(Gen.Elements(2_000, 20_000, 200_000)).ToArbitrary(),
                input =>
                {
                    var ((seed, slope), hours) = input;
                    var least = EstateEvidence.LeastRarity(Calm(new Random(seed), hours, slope));
                    var reported = Calm(new Random(-seed), 1_000_000, slope)[EstateEvidence.ClassOf(least)..].Sum();
                    return reported * 24 / 1_000_000 <= 0.02;
                }
            )
        );
    }

    [Fact]
    public void Incidents_lower_the_threshold_of_an_estate_and_never_below_the_rate_of_calm_series()
    {
        var hours = Calm(new Random(1), 5_000_000, 1);
        var calm = EstateEvidence.LeastRarity(hours);
        hours[EstateEvidence.ClassOf(9)] += 3000;
        var sick = EstateEvidence.LeastRarity(hours);

        Assert.True(sick < calm, $"It is {sick} with incidents and {calm} without.");
        Assert.InRange(sick, 4.25, 5.5);
    }

    [Fact]
    public void Few_hours_say_nothing()
    {
        Assert.Equal(0, EstateEvidence.LeastRarity(new double[EstateEvidence.Classes]));
        Assert.Equal(0, EstateEvidence.LeastRarity(Calm(new Random(2), 400, 1)));
        Assert.Throws<ArgumentException>(() => EstateEvidence.LeastRarity(new double[3]));
    }

    [Theory]
    [InlineData(-1, 0)]
    [InlineData(0, 0)]
    [InlineData(0.26, 1)]
    [InlineData(3.4, 13)]
    [InlineData(500, 39)]
    public void Every_rarity_has_a_class(double rarity, int expected) => Assert.Equal(expected, EstateEvidence.ClassOf(rarity));

    /// <summary>The rarest of the twelve samples of each hour, where one in ten to the slope times r is at least r.</summary>
    private static double[] Calm(Random random, int hours, double slope)
    {
        var counts = new double[EstateEvidence.Classes];
        for (var hour = 0; hour < hours; hour++)
        {
            // The least of twelve uniform numbers.
            var least = 1 - Math.Pow(1 - random.NextDouble(), 1 / 12.0);
            counts[EstateEvidence.ClassOf(-Math.Log10(Math.Max(least, 1e-300)) / slope)]++;
        }
        return counts;
    }
}
