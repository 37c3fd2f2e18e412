using System.Globalization;

namespace Archon.Analysis.RootCause;

/// <summary>Names the services that an incident may come from, with what speaks for and against each.</summary>
/// <remarks>
/// Each metric is what its parents make of it, and a cause is what they do not explain. With a graph, requests follow callers; latency and
/// errors follow callees, once per call, and load; what is used up follows load. What a service measures of its own calls explains its
/// answers in any case. The unexplained part is weighed by the requests it struck, so that causes compare in lost seconds and failed
/// requests. Calls that take longer than those who are called say are put down to the network of the caller or of a callee, whichever
/// touches more of them. In the line of Budhathoki et al., "Causal structure-based root cause analysis of outliers", ICML 2022, and of
/// Hardt et al., "The PetShop dataset", CLeaR 2024, with linear mechanisms that give each service the benefit of the doubt. Beside that, and
/// alone without a graph, counts how far beyond its own quartiles the unexplained part went, after Pham et al., "BARO", FSE 2024: so what is
/// used up is a cause where users feel nothing. Pure and deterministic: one question has one answer, whatever the order of its parts.
/// </remarks>
public static class CauseRanker
{
    // Standard errors of the surest finding below which no cause is named; less when an objective or an alert already says that something
    // is wrong.
    private const double LeastUnprompted = 5;
    private const double LeastPrompted = 2.5;

    /// <param name="question">Series of one length with the times; what is missing counts as a gap.</param>
    /// <exception cref="ArgumentException">A series does not match the times, normal values differ in length, or the times are not in
    /// order.</exception>
    public static CauseVerdict Rank(CauseQuestion question)
    {
        Check(question);
        if (question.Series.Count == 0 || question.Times.Length < 2)
        {
            return new CauseVerdict.Abstained("There is nothing to compare: no series, or fewer than two rows.");
        }
        var frame = new IncidentFrame(question);
        if (FirstRow(question) is not { } first)
        {
            return new CauseVerdict.Abstained("No time was found at which the series left their usual range.");
        }
        if (frame.History + first < 2)
            return new CauseVerdict.Abstained("Nothing is known of the time before the onset.");
        if (first >= question.Times.Length)
            return new CauseVerdict.Abstained("Nothing is known of the time after the onset.");
        frame.Split(frame.History + first);
        var onset = question.Times.Span[first];
        var findings = new Attribution(frame).Findings();
        var surest = findings.Max(finding => Math.Max(finding.IsCandidate && frame.HasMechanisms ? finding.Strength : 0, finding.Excess));
        if (Enumerable.Range(0, frame.Services.Length).Any(service => frame.DownSince(service) > 0.5))
            surest = double.PositiveInfinity;
        var least = question.Breached is not null || question.Hints.Count > 0 || !frame.HasMechanisms ? LeastPrompted : LeastUnprompted;
        if (surest < least)
            return new CauseVerdict.Abstained(Quiet(surest));
        var hypotheses = new Hypotheses(question, frame, findings, onset).Ranked();
        return hypotheses.Count > 0 ? new CauseVerdict.Ranked(onset, hypotheses) : new CauseVerdict.Abstained(Quiet(surest));
    }

    private static string Quiet(double surest) =>
        string.Create(
            CultureInfo.InvariantCulture,
            $"Nothing moved that its neighbours, its load or its noise do not explain; the surest was {surest:0.0} standard errors off."
        );

    private static int? FirstRow(CauseQuestion question)
    {
        var times = question.Times.Span;
        if (question.OnsetMs is not { } onset)
        {
            return ChangePoint.Find([.. question.Series.Select(series => series.Values)])?.Row ?? (HasPast(question) ? 0 : null);
        }
        // A row tells of the time until the next: the one in which the onset lies belongs to the window.
        var step = StepOf(times);
        var first = 0;
        while (first < times.Length && times[first] + step <= onset)
            first++;
        return first;
    }

    /// <summary>The usual time from row to row, in milliseconds.</summary>
    internal static long StepOf(ReadOnlySpan<long> times)
    {
        var steps = new long[times.Length - 1];
        for (var row = 1; row < times.Length; row++)
            steps[row - 1] = times[row] - times[row - 1];
        Array.Sort(steps);
        return steps[steps.Length / 2];
    }

    private static bool HasPast(CauseQuestion question) => question.Series.Any(series => series.Normal.Length > 1);

    private static void Check(CauseQuestion question)
    {
        var times = question.Times.Span;
        for (var row = 1; row < times.Length; row++)
        {
            if (times[row] <= times[row - 1])
                throw new ArgumentException($"The times are not in order at row {row}.", nameof(question));
        }
        var normal = 0;
        foreach (var series in question.Series)
        {
            if (series.Values.Length != times.Length)
            {
                throw new ArgumentException(
                    $"{series.Service} {series.Metric} has {series.Values.Length} values for {times.Length} times.",
                    nameof(question)
                );
            }
            if (series.Normal.Length == 0)
                continue;
            if (normal > 0 && normal != series.Normal.Length)
            {
                throw new ArgumentException($"Normal values of {series.Normal.Length} and {normal} rows share no clock.", nameof(question));
            }
            normal = series.Normal.Length;
        }
    }
}
