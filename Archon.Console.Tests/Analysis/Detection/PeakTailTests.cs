using Archon.Analysis.Detection;
using FsCheck;
using FsCheck.Fluent;
using Microsoft.FSharp.Core;
using Xunit;

namespace Archon.Tests.Analysis.Detection;

/// <summary>The parts that say how rare a sudden change is. The seed is fixed: a run that fails fails again.</summary>
public sealed class PeakTailTests
{
    private const float Scale = 0.2f;
    private static readonly Config Fixed = Config
        .QuickThrowOnFailure.WithQuietOnSuccess(true)
        .WithMaxTest(40)
        .WithReplay(FSharpOption<Replay>.Some(new Replay(new Rnd(20261130), FSharpOption<int>.None)));

    [Fact]
    public void What_is_called_one_in_a_thousand_comes_about_that_often_or_less_whatever_the_noise()
    {
        Check.One(
            Fixed,
            Prop.ForAll(
                Gen.Choose(1, 10_000).Zip(Gen.Elements(0.1, 0.2, 0.5)).ToArbitrary(),
                input =>
                {
                    var (seed, spread) = input;
                    var random = new Random(seed);
                    float Next() => (float)(1 - (spread * Math.Log(1 - random.NextDouble())));
                    var tail = Learnt(20_000, Next);
                    var reported = Enumerable.Range(0, 50_000).Count(_ => tail.Rarity(Next(), float.NegativeInfinity) >= 3);
                    return reported is >= 2 and <= 250;
                }
            )
        );
    }

    [Fact]
    public void Incidents_in_the_past_do_not_make_the_next_one_usual()
    {
        Check.One(
            Fixed,
            Prop.ForAll(
                Gen.Choose(1, 10_000).ToArbitrary(),
                seed =>
                {
                    var (calm, sick) = (new Random(seed), new Random(seed));
                    var row = 0;
                    float Next(Random random) => (float)(1 - (0.2 * Math.Log(1 - random.NextDouble())));
                    var unhurt = Learnt(20_000, () => Next(calm));
                    var hurt = Learnt(20_000, () => Next(sick) + (row++ % 2000 < 10 ? 4 : 0));
                    const float incident = 5;
                    return hurt.Rarity(incident, float.NegativeInfinity) > 0.5 * unhurt.Rarity(incident, float.NegativeInfinity);
                }
            )
        );
    }

    [Fact]
    public void Rarity_never_falls_with_the_measure_and_a_young_tail_says_less()
    {
        var random = new Random(5);
        float Next() => (float)(1 - (0.2 * Math.Log(1 - random.NextDouble())));
        var (young, old) = (Learnt(150, Next), Learnt(20_000, Next));
        var rarities = Enumerable.Range(-40, 120).Select(place => old.Rarity(place / 10f, float.NegativeInfinity)).ToList();

        Assert.Equal(rarities.Order(), rarities);
        Assert.True(young.Rarity(6, float.NegativeInfinity) < old.Rarity(6, float.NegativeInfinity));
        Assert.Equal(0, default(PeakTail).Rarity(100, float.NegativeInfinity));
    }

    private static PeakTail Learnt(int samples, Func<float> next)
    {
        var tail = default(PeakTail);
        for (var i = 0; i < samples; i++)
            tail.Learn(next(), float.NegativeInfinity, 0, Scale, 1);
        return tail;
    }
}
