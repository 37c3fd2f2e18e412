using System.Globalization;

namespace Archon.Analysis.Detection;

/// <summary>What a value was computed from requests as; decides how many it takes to mean something.</summary>
public enum RequestStatistic
{
    /// <summary>Requests per second.</summary>
    Rate,

    /// <summary>A part of the requests, such as the failed ones.</summary>
    Share,

    /// <summary>A mean over requests, such as a mean latency.</summary>
    Mean,

    /// <summary>A quantile over requests, such as the 95th percentile of latency.</summary>
    Quantile,
}

/// <summary>Keeps values computed from a handful of requests from being judged: one failure of three requests is no outage.</summary>
/// <remarks>
/// The least numbers are those from which the usual approximations hold: a Poisson count of ten, thirty trials for a share or a mean, three
/// requests expected beyond a quantile. A rate counts as traffic when either what came or what was expected does: that all requests stay
/// away from a busy service is judged.
/// </remarks>
public sealed record LowTrafficGuard
{
    private const double LeastCount = 10;
    private const double LeastTrials = 30;
    private const double LeastBeyond = 3;

    public required RequestStatistic Statistic { get; init; }

    /// <summary>Stretch that a sample was computed over.</summary>
    public required TimeSpan Window { get; init; }

    /// <summary>Which quantile, above 0 and below 1; read for <see cref="RequestStatistic.Quantile"/> alone.</summary>
    public double Quantile { get; init; } = 0.95;

    /// <summary>Requests in the window from which on a value is judged.</summary>
    public double LeastRequests =>
        Statistic switch
        {
            RequestStatistic.Rate => LeastCount,
            RequestStatistic.Quantile => Math.Max(
                LeastTrials,
                Math.Ceiling(LeastBeyond / Math.Max(1e-6, Math.Min(Quantile, 1 - Quantile)))
            ),
            _ => LeastTrials,
        };

    /// <param name="value">Of the sample; for a rate, per second.</param>
    /// <param name="expected">What the model lets expect.</param>
    /// <param name="requests">Requests in the window of the sample; NaN when not known, then all but a rate is judged. A rate tells its
    /// own.</param>
    public bool IsEnough(double value, double expected, double requests) => !(Requests(value, expected, requests) < LeastRequests);

    /// <summary>Why a sample was not judged, as a sentence.</summary>
    public string Reason(double value, double expected, double requests) =>
        string.Create(
            CultureInfo.InvariantCulture,
            $"Not judged: {Requests(value, expected, requests):0.#} requests in {Minutes} are too few for {Name}, "
                + $"which says something from {LeastRequests} on."
        );

    private double Requests(double value, double expected, double requests) =>
        Statistic == RequestStatistic.Rate ? Math.Max(value, expected) * Window.TotalSeconds : requests;

    private string Minutes =>
        Window.TotalMinutes >= 1
            ? string.Create(CultureInfo.InvariantCulture, $"{Window.TotalMinutes:0.#} min")
            : string.Create(CultureInfo.InvariantCulture, $"{Window.TotalSeconds:0} s");

    private string Name =>
        Statistic switch
        {
            RequestStatistic.Rate => "a rate",
            RequestStatistic.Share => "a share",
            RequestStatistic.Mean => "a mean",
            _ => string.Create(CultureInfo.InvariantCulture, $"the {Quantile * 100:0.#} % quantile"),
        };
}
