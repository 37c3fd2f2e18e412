namespace Archon.Analysis.Forecasting;

/// <summary>Why nothing is projected.</summary>
public enum NoExhaustionReason
{
    /// <summary>Fewer than 12 values, or all at one time.</summary>
    TooShort,

    /// <summary>It does not move towards the limit more than its noise.</summary>
    NotTrending,

    /// <summary>It goes up and down over the day around one level.</summary>
    Wave,

    /// <summary>It approaches a level before the limit.</summary>
    Saturating,

    /// <summary>It grows, but restarts or clean-ups have so far come in time.</summary>
    Sawtooth,

    /// <summary>It will, but later than asked.</summary>
    FarAhead,
}

/// <summary>When a resource runs out, or why that is not expected.</summary>
public abstract record ExhaustionResult
{
    private ExhaustionResult() { }

    /// <param name="At">As likely before as after.</param>
    /// <param name="Earliest">Lower limit at the level asked for.</param>
    /// <param name="Latest">Upper limit at the level asked for. One that lies further ahead than asked is the first moment beyond.</param>
    /// <param name="Probability">Of running out within the time asked for, 0 to 1.</param>
    /// <param name="ChangePerDay">What the value is expected to change by in the day ahead, in the unit of the series; negative where it
    /// falls.</param>
    public sealed record Projected(
        DateTimeOffset At,
        DateTimeOffset Earliest,
        DateTimeOffset Latest,
        double Probability,
        double ChangePerDay
    ) : ExhaustionResult;

    /// <summary>The last values lie at the limit or beyond.</summary>
    public sealed record Reached : ExhaustionResult;

    /// <param name="Probability">Of running out within the time asked for all the same, 0 to 1.</param>
    public sealed record NotExpected(NoExhaustionReason Reason, double Probability) : ExhaustionResult;
}
