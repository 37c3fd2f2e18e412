using System.Globalization;

namespace Archon.Analysis.RootCause;

/// <summary>The answer to a <see cref="CauseQuestion"/>.</summary>
public abstract record CauseVerdict
{
    private CauseVerdict() { }

    /// <param name="OnsetMs">Unix milliseconds of the first row of the window: the onset as told, or as found.</param>
    /// <param name="Hypotheses">The likeliest first; one at least.</param>
    public sealed record Ranked(long OnsetMs, IReadOnlyList<Hypothesis> Hypotheses) : CauseVerdict;

    /// <param name="Reason">Why no cause is named, as a sentence.</param>
    public sealed record Abstained(string Reason) : CauseVerdict;
}

/// <summary>A service that may be the cause.</summary>
/// <param name="Metric">The metric that moved most by itself.</param>
/// <param name="Confidence">0 to 1: how sure it is that the service moved by itself, times its share among all that did. A ranking figure,
/// no probability.</param>
/// <param name="For">What speaks for it, the strongest first.</param>
/// <param name="Against">What speaks against it.</param>
/// <param name="Path">From the service in trouble down or up the calls to this one, both included; the service alone when no path is
/// known.</param>
public sealed record Hypothesis(
    string Service,
    string Metric,
    double Confidence,
    IReadOnlyList<Evidence> For,
    IReadOnlyList<Evidence> Against,
    IReadOnlyList<string> Path
);

/// <summary>One reason for or against a cause, with its figures and as a sentence.</summary>
public abstract record Evidence
{
    private Evidence() { }

    public abstract string Sentence { get; }

    /// <summary>A metric moved by itself: what its neighbours and its load do not explain.</summary>
    /// <param name="Usual">Its median before the onset; NaN when it was never seen before.</param>
    /// <param name="Shift">By how much its mean moved beyond what others explain, in its own unit.</param>
    /// <param name="StandardErrors">The same in standard errors.</param>
    public sealed record MovedByItself(string Service, string Metric, double Usual, double Shift, double StandardErrors) : Evidence
    {
        public override string Sentence =>
            double.IsNaN(Usual)
                ? $"{Metric} of {Service} appeared for the first time, at {Figure(Shift)}."
                : $"{Metric} of {Service} is {Distance(Shift)} than load and neighbours explain (usually {Figure(Usual)}).";
    }

    /// <summary>A metric left its usual range for good; nobody knows what its neighbours had to do with it.</summary>
    /// <param name="Usual">Its median before the onset.</param>
    /// <param name="Shift">By how much its mean moved, in its own unit.</param>
    /// <param name="Deviations">How far most of the window lies beyond the range, in deviations of its usual course.</param>
    public sealed record BeyondItsRange(string Service, string Metric, double Usual, double Shift, double Deviations) : Evidence
    {
        public override string Sentence =>
            $"{Metric} of {Service} {Move(Usual, Shift)} and stayed {Figure(Deviations)} deviations outside its usual range.";
    }

    /// <summary>How much of what went wrong by itself went wrong here.</summary>
    /// <param name="Share">0 to 1.</param>
    public sealed record ShareOfTrouble(string Service, string Metric, double Share) : Evidence
    {
        public override string Sentence =>
            Share > 0.995
                ? $"All unexplained {Metric} starts at {Service}."
                : $"{Percent(Share)} of the unexplained {Metric} starts at {Service}.";
    }

    /// <summary>A service that does not answer, or of which nothing is heard any more.</summary>
    /// <param name="Share">0 to 1, of the window.</param>
    public sealed record Down(string Service, double Share) : Evidence
    {
        public override string Sentence => $"{Service} did not respond for {Percent(Share)} of the time since the onset.";
    }

    /// <summary>Calls take or fail more than those who are called say of themselves: it happens on the way.</summary>
    /// <param name="Callers">Who measured these calls.</param>
    public sealed record OnTheWay(string Service, IReadOnlyList<string> Callers, string Metric) : Evidence
    {
        public override string Sentence =>
            $"{Metric} of {string.Join(", ", Callers.Take(3))} is higher than the services they call explain: "
            + $"the network of {Service} may be the cause.";
    }

    /// <summary>Services in trouble that the cause reaches through calls.</summary>
    public sealed record Reaches(string Service, int Reached, int Troubled) : Evidence
    {
        public override string Sentence =>
            $"{Reached} of {Troubled} affected services {(Reached == 1 ? "calls" : "call")} {Service}, directly or through others.";
    }

    /// <summary>Troubled services that the cause does not reach.</summary>
    public sealed record DoesNotReach(string Service, int Missed, int Troubled) : Evidence
    {
        public override string Sentence => $"{Missed} of {Troubled} affected services {(Missed == 1 ? "does" : "do")} not call {Service}.";
    }

    /// <param name="AfterOnset">Time from the onset.</param>
    public sealed record MovedFirst(string Service, string Metric, TimeSpan AfterOnset) : Evidence
    {
        public override string Sentence => $"{Metric} of {Service} left its usual range first, {Span(AfterOnset)} after the onset.";
    }

    /// <param name="Behind">Time from the first metric to move to this one.</param>
    public sealed record MovedLater(string Service, string Metric, TimeSpan Behind) : Evidence
    {
        public override string Sentence => $"{Metric} of {Service} left its usual range {Span(Behind)} after another service.";
    }

    /// <summary>Something is used up more than the load explains.</summary>
    public sealed record Supported(string Service, string Metric, double Usual, double Shift, double StandardErrors) : Evidence
    {
        public override string Sentence =>
            $"{Metric} of {Service} is also {Distance(Shift)} than the load explains (usually {Figure(Usual)}).";
    }

    /// <param name="Before">Time from the change to the onset.</param>
    public sealed record Changed(ServiceChange Change, TimeSpan Before) : Evidence
    {
        public override string Sentence =>
            $"{Change.Service} had a {Change.Kind.ToString().ToLowerInvariant()} {Span(Before)} before the onset: {Change.Description}.";
    }

    public sealed record Alerted(ServiceHint Hint) : Evidence
    {
        public override string Sentence =>
            $"An alert or anomaly names {Hint.Service}{(Hint.Metric.Length > 0 ? $", {Hint.Metric}" : "")} "
            + $"(confidence {Percent(Hint.Confidence)}).";
    }

    /// <summary>Part of a metric's move is what others explain.</summary>
    /// <param name="Share">0 to 1.</param>
    public sealed record Explained(string Service, string Metric, double Share) : Evidence
    {
        public override string Sentence => $"Neighbours and load explain {Percent(Share)} of the change of {Metric} at {Service}.";
    }

    /// <summary>A service newly called, whose trouble is put down to who calls it.</summary>
    public sealed record NewlyCalled(string Service, string Callee) : Evidence
    {
        public override string Sentence => $"{Service} calls {Callee}, which it did not before.";
    }

    /// <param name="Share">0 to 1, of the window.</param>
    public sealed record Gaps(string Service, double Share) : Evidence
    {
        public override string Sentence => $"{Service} has no data for {Percent(Share)} of the window.";
    }

    private static string Figure(double value) =>
        value.ToString(Math.Abs(value) is >= 100 and < 1e6 ? "0" : "G3", CultureInfo.InvariantCulture);

    private static string Move(double usual, double shift) =>
        $"{(shift < 0 ? "fell" : "rose")} from {Figure(usual)} to {Figure(usual + shift)}";

    private static string Distance(double shift) => $"{Figure(Math.Abs(shift))} {(shift < 0 ? "lower" : "higher")}";

    private static string Percent(double share) => (100 * share).ToString("0", CultureInfo.InvariantCulture) + " %";

    private static string Span(TimeSpan span) =>
        span < TimeSpan.FromMinutes(2)
            ? span.TotalSeconds.ToString("0", CultureInfo.InvariantCulture) + " s"
            : span.TotalMinutes.ToString("0", CultureInfo.InvariantCulture) + " min";
}
