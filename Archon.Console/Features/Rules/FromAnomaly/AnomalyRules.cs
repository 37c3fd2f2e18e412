using System.Globalization;
using System.Text;
using Archon.Analysis.AlertTemplates;
using Archon.Analysis.Promql;
using Archon.ConfigFiles.Rules;
using Archon.Data.Catalogue;
using Archon.Features.Rules.Catalogue;
using Archon.Features.Services;
using Archon.Ui.Format;
using Archon.Ui.Health;

namespace Archon.Features.Rules.FromAnomaly;

/// <summary>What of an anomaly a rule is made of.</summary>
/// <param name="Service">Null where none is known.</param>
/// <param name="Query">PromQL of the watch, over the whole estate.</param>
/// <param name="Labels">Of the one series.</param>
/// <param name="Peak">Its value furthest beyond the band.</param>
/// <param name="Lasted">From its start to when it was last beyond.</param>
public sealed record AnomalyFacts(
    string? Service,
    string Watch,
    string Unit,
    string Query,
    IReadOnlyDictionary<string, string> Labels,
    AnomalyDirection Direction,
    double Lower,
    double Upper,
    double Expected,
    double Peak,
    TimeSpan Lasted,
    bool IsCritical
);

/// <param name="Words">What it compares, in a sentence.</param>
public sealed record ProposedRule(string Words, RuleContent Content);

/// <summary>Two ways to tell the same trouble the next time.</summary>
/// <param name="Missing">Why one of them cannot be made; null where both are.</param>
public sealed record ProposedRules(ProposedRule? Static, ProposedRule? Seasonal, string? Missing);

/// <summary>Makes rules that would have told of an anomaly.</summary>
public static class AnomalyRules
{
    // A threshold close to the band fires on ordinary days, one close to the peak only at the worst moment.
    private const double NearBand = 0.1;
    private const double NearPeak = 0.5;
    private const int LongestName = 120;
    private static readonly TimeSpan[] PendingPeriods = [.. new[] { 15, 10, 5, 2, 1 }.Select(minutes => TimeSpan.FromMinutes(minutes))];

    public static ProposedRules Of(AnomalyFacts facts)
    {
        if (NarrowedExpression.To(facts.Query, facts.Labels) is not { } expression)
        {
            return new ProposedRules(null, null, "The query of its watch does not read as PromQL that yields series.");
        }
        var isDown = facts.Direction == AnomalyDirection.Down;
        var bound = isDown ? facts.Lower : facts.Upper;
        if (!double.IsFinite(bound) || !double.IsFinite(facts.Peak) || (isDown ? facts.Peak >= bound : facts.Peak <= bound))
        {
            return new ProposedRules(null, null, "Its peak is inside the stored band, so no threshold fits between them.");
        }
        var comparison = isDown ? "<" : ">";
        var threshold = Threshold(bound, facts.Peak, facts.Unit);
        var band = HealthWords.Expected(facts.Lower, facts.Upper, facts.Unit);
        var usual = Figures.Plain(band);
        var side = isDown ? "below" : "above";
        var flat = new ProposedRule(
            $"{(isDown ? "Below" : "Above")} {Figures.Format(threshold, facts.Unit)}, outside the band of {band}.",
            Content(
                facts,
                isDown ? "Low" : "High",
                Compared(expression, comparison, threshold),
                $"{side} {Figures.Plain(Figures.Format(threshold, facts.Unit))}, where {usual} was usual"
            )
        );
        var (beyond, words) = Seasonal(facts, expression, comparison, bound);
        var seasonal = new ProposedRule(
            words,
            Content(facts, isDown ? "UnusuallyLow" : "UnusuallyHigh", beyond, $"{side} what is usual at this time of the day")
        );
        return new ProposedRules(flat, seasonal, null);
    }

    /// <summary>The roundest number beyond the band, and nearer to it than to the peak.</summary>
    internal static double Threshold(double bound, double peak)
    {
        var gap = peak - bound;
        var (one, other) = (bound + (gap * NearBand), bound + (gap * NearPeak));
        return Roundest(Math.Min(one, other), Math.Max(one, other));
    }

    /// <summary>The same, round in the way people read the unit: bytes by powers of 1024.</summary>
    internal static double Threshold(double bound, double peak, string unit)
    {
        if (!unit.StartsWith("By", StringComparison.Ordinal))
            return Threshold(bound, peak);
        var scale = Math.Pow(1024, Math.Max(0, Math.Floor(Math.Log(Math.Max(Math.Abs(bound), Math.Abs(peak)), 1024))));
        return Threshold(bound / scale, peak / scale) * scale;
    }

    /// <summary>The number with the fewest figures strictly between two.</summary>
    internal static double Roundest(double low, double high)
    {
        var first = (int)Math.Ceiling(Math.Log10(Math.Max(Math.Abs(low), Math.Abs(high)))) + 1;
        for (var power = first; power > first - 17; power--)
        {
            foreach (var digit in (int[])[5, 2, 1])
            {
                var step = digit * Math.Pow(10, power);
                var value = (Math.Floor(low / step) + 1) * step;
                // Of binary fractions only the figures that were meant are kept.
                value = double.Parse(value.ToString("G12", CultureInfo.InvariantCulture), CultureInfo.InvariantCulture);
                if (value > low && value < high)
                    return value;
            }
        }
        return (low + high) / 2;
    }

    private static (string Expression, string Words) Seasonal(AnomalyFacts facts, string expression, string comparison, double bound)
    {
        var isDown = comparison == "<";
        var (usual, peak) = (facts.Expected, facts.Peak);
        var unlessUsual = $"unless it was about as {(isDown ? "low" : "high")} a week ago.";
        // The bound in its proportion to what was expected: the band's ordinary range stays within, the anomaly does not.
        if (double.IsFinite(usual) && usual > 0 && bound > 0 && (isDown ? peak >= 0 : peak > 0) && Math.Abs(peak - usual) < 20 * usual)
        {
            var factor = Threshold(bound / usual, peak / usual);
            if (isDown ? factor is > 0 and < 1 : factor > 1)
            {
                var times = factor.ToString("0.###", CultureInfo.InvariantCulture);
                return (
                    SeasonalExpression.Times(expression, comparison, factor)!,
                    $"{(isDown ? "Below" : "Above")} {times} times what it was a day ago at this time, {unlessUsual}"
                );
            }
        }
        var difference = Math.Abs(Threshold(bound, peak, facts.Unit) - (double.IsFinite(usual) ? usual : bound));
        if (difference == 0)
            difference = Math.Abs(peak - bound);
        // A tenth less or more of it is round.
        difference = Threshold(difference * 0.85, difference * 1.35, facts.Unit);
        return (
            SeasonalExpression.Plus(expression, comparison, difference)!,
            $"More than {Figures.Format(difference, facts.Unit)} {(isDown ? "below" : "above")} what it was a day ago at this time, "
                + unlessUsual
        );
    }

    internal static string Compared(string expression, string comparison, double threshold)
    {
        var value = PromqlParser.Parse(expression, out _)!;
        var whole = value is PromqlBinary { IsSet: true } or PromqlBinary { IsComparison: true }
            ? new PromqlParentheses(value, 0, 0)
            : value;
        return new PromqlBinary(comparison, whole, new PromqlNumber(threshold, false, 0, 0), false, new PromqlMatching(), 0).ToString();
    }

    internal static RuleContent Content(AnomalyFacts facts, string suffix, string expression, string than)
    {
        var subject = Subject(facts);
        return WorkbenchDraft.Ordered(
            new RuleContent(Name(facts, suffix), true, expression)
            {
                // Half of what it lasted, so that it would have been told of while it went on.
                For = PendingPeriods.FirstOrDefault(pendingPeriod => pendingPeriod * 2 <= facts.Lasted),
                Labels = new Dictionary<string, string>(StringComparer.Ordinal)
                {
                    [WorkbenchDraft.SeverityLabel] = facts.IsCritical ? "critical" : "warning",
                },
                Annotations = new Dictionary<string, string>(StringComparer.Ordinal)
                {
                    ["summary"] = $"{subject}: {Words(facts.Watch)} is {(facts.Direction == AnomalyDirection.Down ? "low" : "high")}",
                    ["description"] = $"{Words(facts.Watch)} of {subject} is {{{{ $value | {Humanized(facts.Unit)} }}}}, {Words(than)}.",
                },
            }
        );
    }

    private static string Humanized(string unit) =>
        unit switch
        {
            "1" => "humanizePercentage",
            "s" => "humanizeDuration",
            "By" or "By/s" => "humanize1024",
            _ => "humanize",
        };

    /// <summary>The label that names the service, by its name: its value may be any text and is no template.</summary>
    private static string Subject(AnomalyFacts facts)
    {
        var named = facts
            .Labels.Where(one => one.Key != PromqlMatcher.Name && one.Value.Length > 0)
            .OrderBy(one => one.Key, StringComparer.Ordinal)
            .ToList();
        var label = named.FirstOrDefault(one => one.Value == facts.Service).Key ?? named.FirstOrDefault().Key;
        return label is null ? Words(facts.Service ?? "all")
            : PromqlNames.IsPlainLabel(label) ? $"{{{{ $labels.{label} }}}}"
            : $"{{{{ index $labels {GoText.Quote(label)} }}}}";
    }

    /// <summary>As words in a template, whatever they hold.</summary>
    private static string Words(string text) => text.Replace("{{", "{{ \"{{\" }}", StringComparison.Ordinal);

    /// <summary>Letters and digits of the service and the watch, each word with a capital.</summary>
    private static string Name(AnomalyFacts facts, string suffix)
    {
        var name = new StringBuilder();
        var isFirst = true;
        foreach (var character in $"{facts.Service} {facts.Watch}")
        {
            if (name.Length >= LongestName)
                break;
            if (char.IsAsciiLetterOrDigit(character))
                name.Append(isFirst ? char.ToUpperInvariant(character) : character);
            isFirst = !char.IsAsciiLetterOrDigit(character);
        }
        if (name.Length == 0 || char.IsAsciiDigit(name[0]))
            name.Insert(0, "Anomaly");
        return name.Append(suffix).ToString();
    }
}
