using System.Globalization;
using Archon.Analysis.RootCause;
using Archon.Data.Incidents;

namespace Archon.Features.Incidents;

/// <summary>What is said of the causes of an incident, and when nothing is.</summary>
internal static class IncidentCauses
{
    /// <summary>Possible causes kept with an incident.</summary>
    public const int Most = 5;

    // Below it the first of a ranking is a guess, and a wrong name at night costs more than none.
    private const double LeastConfidence = 0.3;
    private const double LeastKept = 0.02;

    // Nobody else is affected, yet nothing in the figures says so.
    private const double OwnConfidence = 0.6;
    private const int LongestReason = 512;
    private static readonly TimeSpan HalfLife = TimeSpan.FromHours(8);

    /// <param name="hints">What belongs to the incident, the earliest first; one at least.</param>
    /// <returns>The causes, the likeliest first; or none and the reason.</returns>
    public static (List<IncidentHypothesis> Hypotheses, string? Abstained) Named(CauseVerdict verdict, IReadOnlyList<ServiceHint> hints)
    {
        var reason = verdict is CauseVerdict.Abstained abstained ? abstained.Reason : "Not analyzed yet.";
        if (verdict is CauseVerdict.Ranked { Hypotheses: [var first, ..] hypotheses })
        {
            if (first.Confidence >= LeastConfidence)
                return ([.. hypotheses.Take(Most).Where(one => one.Confidence >= LeastKept).Select(Kept)], null);
            reason = string.Create(
                CultureInfo.InvariantCulture,
                $"The evidence is thin: {first.Service} comes first with {100 * first.Confidence:0} %."
            );
        }
        // A fault of one service alone, such as a leak, is its own.
        if (hints.Count > 0 && hints.All(hint => hint.Service == hints[0].Service))
        {
            var own = $"No other service is affected: {hints.Count} of {hints.Count} anomalies and alerts are of {hints[0].Service}.";
            return ([new(hints[0].Service, hints[0].Metric, OwnConfidence, [own], [reason], [hints[0].Service])], null);
        }
        return ([], reason.Length <= LongestReason ? reason : reason[..LongestReason]);
    }

    /// <summary>A cause is that of an onset. The longer that is ago while the incident lasts, the less it says of what holds now.</summary>
    public static (IReadOnlyList<IncidentHypothesis> Hypotheses, string? Abstained) Aged(Incident incident, DateTimeOffset now)
    {
        if (incident.ResolvedAt is not null || incident.Hypotheses.Count == 0 || incident.Members.Count == 0)
            return (incident.Hypotheses, incident.Abstained);
        var onset = incident.Members.Max(member => member.StartedAt);
        var left = Math.Min(1, Math.Pow(0.5, (now - onset) / HalfLife));
        var aged = incident.Hypotheses.ConvertAll(one => one with { Score = one.Score * left });
        return aged[0].Score >= LeastConfidence
            ? (aged, null)
            : (
                [],
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"The last onset was {(now - onset).TotalHours:0} h ago, too long to name a cause of what lasts."
                )
            );
    }

    private static IncidentHypothesis Kept(Hypothesis one) =>
        new(
            one.Service,
            one.Metric,
            one.Confidence,
            [.. one.For.Select(reason => reason.Sentence)],
            [.. one.Against.Select(reason => reason.Sentence)],
            one.Path
        );
}
