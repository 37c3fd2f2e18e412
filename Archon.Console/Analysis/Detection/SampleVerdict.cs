using System.Runtime.CompilerServices;

namespace Archon.Analysis.Detection;

/// <summary>What looks at a sample, each from its own side.</summary>
public enum DetectionMember
{
    /// <summary>Distance from what this time of day or week usually has, or from the level where there is no season.</summary>
    Profile,

    /// <summary>Change since the sample before.</summary>
    Jump,

    /// <summary>Distance from what the last samples let expect.</summary>
    Forecast,

    /// <summary>Several samples in a row lie to one side of what is expected.</summary>
    Shift,

    /// <summary>Many samples lie to one side, each a little.</summary>
    Drift,

    /// <summary>Beyond everything that was seen.</summary>
    Range,

    /// <summary>The value stands still where it usually moves.</summary>
    FlatLine,

    /// <summary>Samples were missing before this one.</summary>
    Gap,

    /// <summary>Distance from where the last samples lie.</summary>
    Spike,

    /// <summary>As <see cref="Spike"/>, where the two samples before lie to the same side: the least of the three.</summary>
    Held,
}

/// <summary>What each member makes of one sample: the negative decimal logarithm of how often the series looks like this to it. 2 is once
/// in a hundred samples.</summary>
[InlineArray(Members)]
public struct MemberVotes : IEquatable<MemberVotes>
{
    internal const int Members = SeriesState.Gathered + 2;

    /// <summary>A vote from here on counts as agreeing that the sample is unusual: one in thirty.</summary>
    public const float Agrees = 1.5f;

    private float first;

    public readonly float this[DetectionMember member] => this[(int)member];

    /// <summary>How many members find the sample unusual.</summary>
    public readonly int Agreeing
    {
        get
        {
            var count = 0;
            foreach (var vote in (ReadOnlySpan<float>)this)
                count += vote >= Agrees ? 1 : 0;
            return count;
        }
    }

    /// <summary>The member with the strongest vote.</summary>
    public readonly DetectionMember Loudest
    {
        get
        {
            var best = 0;
            for (var i = 1; i < Members; i++)
                best = this[i] > this[best] ? i : best;
            return (DetectionMember)best;
        }
    }

    public readonly bool Equals(MemberVotes other) => ((ReadOnlySpan<float>)this).SequenceEqual(other);

    public override readonly bool Equals(object? obj) => obj is MemberVotes other && Equals(other);

    public override readonly int GetHashCode()
    {
        var hash = new HashCode();
        foreach (var vote in (ReadOnlySpan<float>)this)
            hash.Add(vote);
        return hash.ToHashCode();
    }

    public static bool operator ==(MemberVotes left, MemberVotes right) => left.Equals(right);

    public static bool operator !=(MemberVotes left, MemberVotes right) => !left.Equals(right);
}

/// <summary>Whether a sample could be judged, and if not, why.</summary>
public enum SampleJudgement
{
    Judged,

    /// <summary>Too few samples were seen to know what is usual.</summary>
    Learning,

    /// <summary>The sample has no value. Scores tell how unusual the silence is.</summary>
    Missing,

    /// <summary>The sample is older than one that was judged already, or has its time.</summary>
    Late,

    /// <summary>The value was computed from so few requests that it says nothing; see <see cref="LowTrafficGuard"/>.</summary>
    LowTraffic,
}

/// <summary>To which side of the expected value a sample lies.</summary>
public enum DeviationDirection
{
    None,
    Up,
    Down,
}

/// <summary>What is thought of one sample.</summary>
public readonly record struct SampleVerdict
{
    public SampleJudgement Judgement { get; init; }

    /// <summary>0 to 1, rising with the rarity of this sample alone among the distances its time usually has: 1 at one in a
    /// million.</summary>
    public double Score { get; init; }

    /// <summary>0 to 1: how anomalous the series is at present. Rises with the first unusual samples and stays up while they
    /// last.</summary>
    public double Level { get; init; }

    /// <summary>0 to 1, and not 0 only where something is to be told at the sensitivity of the detector: once per episode, and again when
    /// it becomes much worse.</summary>
    public double Alert { get; init; }

    /// <summary>This is to be told.</summary>
    public bool IsAlert => Alert > 0;

    /// <summary>Negative decimal logarithm of how often the series shows such evidence, per sample at five minutes: 3.4 begins an
    /// episode.</summary>
    public double Rarity { get; init; }

    /// <summary>0 to 1: how likely this is no ordinary fluctuation of the series.</summary>
    public double Confidence { get; init; }

    public double Expected { get; init; }
    public double Lower { get; init; }
    public double Upper { get; init; }

    /// <summary>The value lies outside <see cref="Lower"/> to <see cref="Upper"/>.</summary>
    public bool IsOutside { get; init; }

    /// <summary>It would lie outside, or be told, had not someone called this time of the week expected.</summary>
    public bool IsAccepted { get; init; }

    /// <summary>Someone called a deviation of this size expected at this time of the week, whether or not there is one.</summary>
    public bool IsExpectedTime { get; init; }

    public DeviationDirection Direction { get; init; }

    /// <summary>Signed, in standard deviations of this time of day.</summary>
    public double Deviation { get; init; }

    /// <summary>The season that <see cref="Expected"/> comes from.</summary>
    public ModelSeason Season { get; init; }

    /// <summary>From here on the level that the series has kept to for a third of a day counts as normal. Told once.</summary>
    public bool IsNewNormal { get; init; }

    public MemberVotes Votes { get; init; }
}
