namespace Archon.Analysis.Forecasting;

/// <summary>When a projection is worth telling before anything is wrong.</summary>
public sealed record PredictiveAlertSettings
{
    /// <summary>What runs out later than this can wait. 3 days by default: a weekend.</summary>
    public TimeSpan Lead { get; init; } = TimeSpan.FromDays(3);

    /// <summary>Of running out at all, below which nothing is told. 0 to 1, 0.8 by default.</summary>
    public double LeastProbability { get; init; } = 0.8;

    /// <summary>The interval may reach so many times as far ahead as the projection itself. Above that it is not known when. 3 by
    /// default.</summary>
    public double MostSpread { get; init; } = 3;

    /// <summary>Projections in a row that must agree, so that one odd hour tells nobody. 2 by default.</summary>
    public int InARow { get; init; } = 2;

    /// <summary>With at least ten judged predictions of a kind, more false ones than this share silence it. 0 to 1, 0.5 by
    /// default.</summary>
    public double MostFalse { get; init; } = 0.5;
}

/// <summary>Whether a projection is told. What is told is information, never a page: nothing is broken yet.</summary>
public abstract record PredictiveVerdict
{
    private PredictiveVerdict() { }

    /// <param name="Projection">The latest.</param>
    /// <param name="Record">How often such predictions were right; shown with the alert.</param>
    public sealed record Report(ExhaustionResult.Projected Projection, PredictionRecord Record) : PredictiveVerdict;

    /// <summary>It is no prediction any more: an ordinary rule has to speak.</summary>
    public sealed record AlreadyReached : PredictiveVerdict;

    /// <param name="Reason">Why not, in words.</param>
    public sealed record Quiet(string Reason) : PredictiveVerdict;
}

/// <summary>Decides which projections become predictive alerts.</summary>
public static class PredictiveAlerts
{
    private const int LeastJudged = 10;

    /// <param name="projections">Of one resource, oldest first, the latest last.</param>
    /// <param name="record">Past predictions of the same kind.</param>
    /// <param name="now">When it is decided; times of the projections are measured from it.</param>
    public static PredictiveVerdict Decide(
        IReadOnlyList<ExhaustionResult> projections,
        PredictionRecord record,
        DateTimeOffset now,
        PredictiveAlertSettings settings
    )
    {
        if (projections.Count == 0)
            return new PredictiveVerdict.Quiet("Nothing was projected yet.");
        if (projections[^1] is ExhaustionResult.Reached)
            return new PredictiveVerdict.AlreadyReached();
        if (projections[^1] is not ExhaustionResult.Projected latest)
            return new PredictiveVerdict.Quiet("It is not expected to run out.");
        if (latest.At - now > settings.Lead)
            return new PredictiveVerdict.Quiet("It runs out later than anyone needs to know now.");
        if (latest.Probability < settings.LeastProbability)
        {
            return new PredictiveVerdict.Quiet("It is not sure enough that it runs out at all.");
        }
        var ahead = latest.At - now;
        if (latest.Latest - now > settings.MostSpread * Max(ahead, TimeSpan.FromHours(1)))
        {
            return new PredictiveVerdict.Quiet("When it runs out is not known well enough.");
        }
        var agreeing = projections
            .Reverse()
            .TakeWhile(one => one is ExhaustionResult.Projected projected && projected.At - now <= settings.Lead)
            .Count();
        if (agreeing < settings.InARow)
        {
            return new PredictiveVerdict.Quiet("It was projected for the first time; the next one has to agree.");
        }
        if (record.Judged >= LeastJudged && record.FalseShare > settings.MostFalse)
        {
            return new PredictiveVerdict.Quiet("Such predictions were wrong too often.");
        }
        return new PredictiveVerdict.Report(latest, record);
    }

    private static TimeSpan Max(TimeSpan one, TimeSpan other) => one > other ? one : other;
}
