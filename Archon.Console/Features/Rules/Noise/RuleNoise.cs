using Archon.Analysis.RuleReplay;
using Archon.Data.Rules;
using Archon.Features.Rules.Catalogue;
using Archon.Integrations.Alertmanager;

namespace Archon.Features.Rules.Noise;

/// <summary>What somebody did with a firing.</summary>
public sealed record GivenResponse(string Fingerprint, DateTimeOffset StartedAt, AlertResponseKind Kind, string By, DateTimeOffset At);

/// <param name="SilencedBy">Who silenced it while it fired; null where nobody did.</param>
/// <param name="TakenUpAfter">
/// From its start until somebody first acknowledged, acted on or silenced it; null where nobody did while it fired.
/// </param>
public sealed record NoiseFiring(AlertFiring Firing, IReadOnlyList<GivenResponse> Responses, string? SilencedBy, TimeSpan? TakenUpAfter)
{
    public bool Has(AlertResponseKind kind) => Responses.Any(one => one.Kind == kind);

    public bool IsAnswered => Responses.Count > 0;

    /// <summary>Who acted has taken note, and who silenced it too.</summary>
    public bool IsAcknowledged => Has(AlertResponseKind.Acknowledged) || Has(AlertResponseKind.ActedOn) || SilencedBy is not null;
}

/// <summary>What one alerting rule asked of people.</summary>
/// <param name="Rule">Null where the catalogue knows none of the name.</param>
/// <param name="Flaps">Firings that began soon after the end of the one before of the same alert.</param>
/// <param name="Instances">How many alerts fired at least once.</param>
/// <param name="Answered">Firings of which somebody said what they did; rates of acting and false alarms are out of these.</param>
/// <param name="Acknowledged">Out of all firings.</param>
/// <param name="Last">The newest firings, the newest first.</param>
public sealed record NoiseRow(
    RuleRow? Rule,
    string Name,
    int Firings,
    TimeSpan FiringTime,
    int Flaps,
    int Instances,
    int Answered,
    int Acknowledged,
    int ActedOn,
    int FalseAlarms,
    IReadOnlyList<NoiseFiring> Last
)
{
    /// <summary>Half of the firings that were taken up while they fired were within this; null where none was.</summary>
    /// <remarks>What is said afterwards tells no time.</remarks>
    public TimeSpan? MedianTakenUp { get; init; }

    /// <summary>Whether anything is known of what people did.</summary>
    public bool IsKnown => Answered > 0 || Acknowledged > 0;
}

/// <summary>Counts what each rule asked of people, and what they made of it.</summary>
public static class RuleNoise
{
    public const int LastFirings = 20;

    /// <param name="step">Distance of the samples that firings were seen by; each counts for so long.</param>
    /// <returns>The worst first: by firings that nobody is known to have acted on, then by false alarms, flaps and time.</returns>
    public static IReadOnlyList<NoiseRow> Of(
        IReadOnlyList<RuleRow> rules,
        IReadOnlyList<AlertFiring> firings,
        IReadOnlyList<GivenResponse> responses,
        IReadOnlyList<AlertmanagerSilence> silences,
        TimeSpan step
    )
    {
        var alerting = rules.Where(rule => rule.Kind == AlertRuleKind.Alerting).ToLookup(rule => rule.Name, StringComparer.Ordinal);
        var given = responses.ToLookup(one => one.Fingerprint, StringComparer.Ordinal);
        return
        [
            .. firings
                .GroupBy(firing => (Rule: RuleOf(firing, [.. alerting[firing.Name]]), firing.Name))
                .Select(group => Row(group.Key.Rule, group.Key.Name, [.. group]))
                .OrderByDescending(row => row.Firings - row.ActedOn)
                .ThenByDescending(row => row.FalseAlarms)
                .ThenByDescending(row => row.Flaps)
                .ThenByDescending(row => row.FiringTime)
                .ThenBy(row => row.Name, StringComparer.Ordinal),
        ];

        NoiseRow Row(RuleRow? rule, string name, IReadOnlyList<AlertFiring> all)
        {
            var newestFirst = all.OrderByDescending(firing => firing.From).Select(WithResponses).ToList();
            var instances = all.GroupBy(firing => firing.Labels).ToList();
            return new NoiseRow(
                rule,
                name,
                all.Count,
                all.Aggregate(TimeSpan.Zero, (sum, firing) => sum + TimeSpan.FromMilliseconds(firing.To - firing.From) + step),
                instances.Sum(Flaps),
                instances.Count,
                newestFirst.Count(one => one.IsAnswered),
                newestFirst.Count(one => one.IsAcknowledged),
                newestFirst.Count(one => one.Has(AlertResponseKind.ActedOn)),
                newestFirst.Count(one => one.Has(AlertResponseKind.FalsePositive)),
                [.. newestFirst.Take(LastFirings)]
            )
            {
                MedianTakenUp = Median([.. newestFirst.Select(one => one.TakenUpAfter).OfType<TimeSpan>().Order()]),
            };
        }

        NoiseFiring WithResponses(AlertFiring firing)
        {
            var (given, silence) = (Of(firing), SilenceOf(firing));
            var until = DateTimeOffset.FromUnixTimeMilliseconds(firing.To) + step;
            var taken = given
                .Where(one => one.Kind != AlertResponseKind.FalsePositive)
                .Select(one => one.At)
                .Concat(silence is null ? [] : [silence.StartsAt])
                .Where(at => at <= until)
                .Order()
                .ToList();
            // The start is that of the first sample, which may be a step late.
            var after = taken.Count == 0 ? (TimeSpan?)null : taken[0] - DateTimeOffset.FromUnixTimeMilliseconds(firing.From);
            return new NoiseFiring(firing, given, silence?.CreatedBy, after < TimeSpan.Zero ? TimeSpan.Zero : after);
        }

        // Another window may have seen its start a sample earlier or later.
        IReadOnlyList<GivenResponse> Of(AlertFiring firing) =>
            [
                .. given[firing.Fingerprint]
                    .Where(one =>
                        one.StartedAt.ToUnixTimeMilliseconds() >= firing.From - step.TotalMilliseconds
                        && one.StartedAt.ToUnixTimeMilliseconds() <= firing.To + step.TotalMilliseconds
                    )
                    .OrderBy(one => one.At),
            ];

        AlertmanagerSilence? SilenceOf(AlertFiring firing) =>
            silences.FirstOrDefault(silence =>
                silence.StartsAt.ToUnixTimeMilliseconds() >= firing.From
                && silence.StartsAt.ToUnixTimeMilliseconds() <= firing.To + step.TotalMilliseconds
                && silence.Matches(name => firing.Labels[name]) == true
            );
    }

    /// <summary>Of several rules of one name the one whose own labels the alert carries; a label with a template may come to anything.</summary>
    private static RuleRow? RuleOf(AlertFiring firing, IReadOnlyList<RuleRow> named) =>
        named
            .Where(rule =>
                rule.Labels.All(label => label.Value.Contains("{{", StringComparison.Ordinal) || firing.Labels[label.Key] == label.Value)
            )
            .OrderByDescending(rule => rule.Labels.Count)
            .ThenBy(rule => rule.Id)
            .FirstOrDefault()
        ?? (named is [var only] ? only : null);

    private static TimeSpan? Median(IReadOnlyList<TimeSpan> rising) =>
        rising.Count == 0 ? null
        : rising.Count % 2 == 1 ? rising[rising.Count / 2]
        : (rising[(rising.Count / 2) - 1] + rising[rising.Count / 2]) / 2;

    private static int Flaps(IEnumerable<AlertFiring> ofOne)
    {
        var (flaps, last) = (0, (AlertFiring?)null);
        foreach (var firing in ofOne.OrderBy(firing => firing.From))
        {
            if (last is not null && firing.From - last.To <= RuleReplayer.ResolvedRetention.TotalMilliseconds)
                flaps++;
            last = firing;
        }
        return flaps;
    }
}
