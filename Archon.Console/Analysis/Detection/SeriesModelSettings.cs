namespace Archon.Analysis.Detection;

/// <summary>How a <see cref="SeriesModel"/> is fitted. One setting serves all series; what may differ is where and in which unit they
/// are.</summary>
public sealed record SeriesModelSettings
{
    /// <summary>Fewer samples than this give no band. At least 2.</summary>
    public int MinimumSamples { get; init; } = 20;

    /// <summary>Whose wall clock days and weeks follow: a shop's Tuesday starts at its own midnight, also when clocks change.</summary>
    public TimeZoneInfo Zone { get; init; } = TimeZoneInfo.Utc;

    /// <summary>UCUM unit of the values (<c>s</c>, <c>1</c>, <c>By</c>, <c>By/s</c>, <c>1/s</c>); decides which change is too small for
    /// anyone to care.</summary>
    public string Unit { get; init; } = "";

    /// <summary>Values are parts of a whole, as long as none of them is more than <see cref="MostShare"/>: then the band ends at 1.</summary>
    internal bool MayBeShare => Unit == "1";

    /// <summary>A share may be read as a little more than all of it: rates are extrapolated, and sums are rounded.</summary>
    internal const double MostShare = 1.01;

    /// <summary>The least scale in the unit of the values: nobody is woken for a share that rose by a thousandth of a per cent.</summary>
    internal double LeastScale =>
        Unit switch
        {
            "1" => 0.001,
            "s" => 0.0005,
            "By" => 64 * 1024,
            "By/s" => 1024,
            "{cpu}" => 0.005,
            "{load}" => 0.02,
            _ when Unit.EndsWith("/s", StringComparison.Ordinal) => 0.01,
            // One or two tasks in a queue that was always empty are no news.
            _ when IsCount(Unit) => 0.6,
            _ => 0,
        };

    /// <summary>Whether values are a number of things, such as <c>{task}</c>.</summary>
    internal static bool IsCount(string unit) => unit.StartsWith('{') && unit.EndsWith('}') && unit is not ("{cpu}" or "{load}");
}

/// <summary>How a series repeats itself.</summary>
public enum ModelSeason
{
    /// <summary>It does not, as far as its history shows.</summary>
    None,
    Day,
    Week,
}

/// <summary>Whether a model can be used.</summary>
public abstract record FitVerdict
{
    private FitVerdict() { }

    public sealed record Ready : FitVerdict;

    /// <param name="Reason">What is missing, in words.</param>
    public sealed record TooShort(string Reason) : FitVerdict;
}

/// <summary>What a model lets expect at one time, in the unit of the values.</summary>
public readonly record struct Expectation(double Expected, double Lower, double Upper);

/// <summary>How one series is judged. Nothing of it is learnt, so it may change at any time.</summary>
public sealed record DetectorSettings
{
    /// <summary>0 tells only what is glaring, 1 tells much. 0.5 by default: outside is what one sample in ten thousand is, and steady noise
    /// at five minutes gives about one alert in three weeks; ten times as many at 1, one in several months at 0.</summary>
    public double Sensitivity { get; init; } = 0.5;

    /// <summary>Set where values are computed from requests that may be few.</summary>
    public LowTrafficGuard? Guard { get; init; }

    /// <summary>What people's labels on earlier anomalies change.</summary>
    public DetectionAdjustment Adjustment { get; init; } = DetectionAdjustment.None;
}
