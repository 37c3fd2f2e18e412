namespace Archon.Analysis.Forecasting;

/// <summary>A prediction that was told, and what is known of it since.</summary>
/// <param name="MadeAt">When it was told.</param>
/// <param name="PredictedAt">When it was to happen.</param>
/// <param name="Latest">Until when it was to happen, at the level of the projection.</param>
/// <param name="HappenedAt">When it did; null as long as it has not.</param>
/// <param name="PreventedAt">When somebody did something about it; a prediction that was prevented is neither right nor wrong.</param>
public sealed record PastPrediction(
    DateTimeOffset MadeAt,
    DateTimeOffset PredictedAt,
    DateTimeOffset Latest,
    DateTimeOffset? HappenedAt,
    DateTimeOffset? PreventedAt
);

/// <summary>How often predictions came true: the measured rate of false ones, with how sure it is.</summary>
/// <param name="Judged">Predictions that came true or whose time has passed.</param>
/// <param name="False">Of those, that did not come true.</param>
/// <param name="Prevented">Not judged: somebody acted first.</param>
/// <param name="Open">Not judged: their time has not passed.</param>
/// <param name="MedianTimeError">Of those that came true, how far off the time was as a share of the time ahead; NaN when none did.</param>
public sealed record PredictionRecord(int Judged, int False, int Prevented, int Open, double MedianTimeError)
{
    // The 97.5th percentile of the normal distribution.
    private const double Z = 1.959964;

    public static PredictionRecord Empty { get; } = new(0, 0, 0, 0, double.NaN);

    /// <summary>Share of judged predictions that did not come true, 0 to 1; NaN when none was judged.</summary>
    public double FalseShare => Judged > 0 ? (double)False / Judged : double.NaN;

    /// <summary>Where the true share lies with a probability of 95 %; 0 to 1 when none was judged.</summary>
    /// <remarks>Source: Wilson, "Probable Inference, the Law of Succession, and Statistical Inference", JASA 1927.</remarks>
    public (double Lower, double Upper) FalseShareInterval
    {
        get
        {
            if (Judged == 0)
                return (0, 1);
            var (n, p, z2) = ((double)Judged, FalseShare, Z * Z);
            var middle = (p + (z2 / (2 * n))) / (1 + (z2 / n));
            var half = Z * Math.Sqrt((p * (1 - p) / n) + (z2 / (4 * n * n))) / (1 + (z2 / n));
            return (Math.Max(0, middle - half), Math.Min(1, middle + half));
        }
    }

    /// <param name="now">Predictions whose latest time lies ahead of it are open unless they came true.</param>
    public static PredictionRecord Of(IEnumerable<PastPrediction> predictions, DateTimeOffset now)
    {
        int judged = 0,
            wrong = 0,
            prevented = 0,
            open = 0;
        var errors = new List<double>();
        foreach (var one in predictions)
        {
            // What happened although somebody acted had been predicted rightly.
            if (one.HappenedAt is { } happened && happened <= now)
            {
                judged++;
                // One that came long after its time was no help.
                if (happened > one.Latest)
                    wrong++;
                var ahead = one.PredictedAt - one.MadeAt;
                if (ahead > TimeSpan.Zero)
                    errors.Add(Math.Abs((happened - one.PredictedAt) / ahead));
            }
            else if (one.PreventedAt is { } acted && acted <= now && acted <= one.Latest)
                prevented++;
            else if (one.Latest > now)
                open++;
            else
                (judged, wrong) = (judged + 1, wrong + 1);
        }
        return new PredictionRecord(judged, wrong, prevented, open, errors.Count > 0 ? Resets.Median(errors) : double.NaN);
    }
}
