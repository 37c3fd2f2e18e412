using System.Text;
using Archon.Analysis.Promql;
using Archon.ConfigFiles.Rules;
using Archon.Data.Rules;
using Archon.Integrations.Prometheus;

namespace Archon.Features.Rules.Catalogue;

/// <summary>What a server runs, held against what the catalogue says. A server lays expressions out in its own way and adds the labels of the group.</summary>
internal static class ServedRules
{
    public static ServedRule Of(PrometheusRuleGroup group, PrometheusRule rule, RuleLanguage language = RuleLanguage.Promql) =>
        new(rule.Query, rule.For, rule.KeepFiringFor, rule.Labels, rule.Annotations, group.Interval, language);

    /// <param name="groupLabels">What the group of <paramref name="said"/> adds.</param>
    /// <param name="interval">Null: whatever is usual on the server.</param>
    public static bool Says(ServedRule served, RuleContent said, IReadOnlyDictionary<string, string> groupLabels, TimeSpan? interval) =>
        served.For == said.For
        && served.KeepFiringFor == said.KeepFiringFor
        && (interval is null || served.Interval == interval)
        && Same(served.Labels, said.LabelsOver(groupLabels))
        && Same(served.Annotations, said.Annotations)
        && (
            served.Language == RuleLanguage.Logql
                ? SameLogql(served.Expression, said.Expression)
                : SameExpression(served.Expression, said.Expression)
        );

    public static bool Says(ServedRule served, FileRule said) =>
        Says(served, said.Content, said.Group.Content.Labels, said.Group.Content.Interval);

    public static bool Says(ServedRule served, AlertRule rule, AlertRuleVersion version) =>
        Says(served, Content(rule, version), rule.GroupLabels, rule.DocumentId is null ? null : version.Interval);

    /// <summary>The newest version that says what the server runs; null where none does.</summary>
    public static int? Version(AlertRule rule, IEnumerable<AlertRuleVersion> versions) =>
        rule.Served is not { } served
            ? null
            : versions.OrderByDescending(version => version.Number).FirstOrDefault(version => Says(served, rule, version))?.Number;

    public static RuleContent Content(AlertRule rule, AlertRuleVersion version) =>
        new(rule.Name, rule.Kind == AlertRuleKind.Alerting, version.Expression)
        {
            For = version.For,
            KeepFiringFor = version.KeepFiringFor,
            Labels = version.Labels,
            Annotations = version.Annotations,
        };

    // A label without a value is none.
    private static bool Same(IReadOnlyDictionary<string, string> one, IReadOnlyDictionary<string, string> other) =>
        one.Count(pair => pair.Value.Length > 0) == other.Count(pair => pair.Value.Length > 0)
        && one.All(pair => pair.Value.Length == 0 || (other.TryGetValue(pair.Key, out var value) && value == pair.Value));

    /// <summary>The same rule but for its expression, of whose form on the server nothing is known.</summary>
    public static bool SaysButForExpression(ServedRule served, FileRule said) =>
        Says(served with { Expression = said.Content.Expression }, said);

    /// <summary>Whether two texts in LogQL differ by no more than spaces, the kind of quotes, and brackets around the whole, which Loki writes
    /// in its own way. Brackets within can change what is computed.</summary>
    public static bool SameLogql(string one, string other) => Bare(one) == Bare(other);

    private static string Bare(string logql)
    {
        var (bare, quote) = (new StringBuilder(), '\0');
        for (var i = 0; i < logql.Length; i++)
        {
            var letter = logql[i];
            if (quote == '\0')
            {
                if (letter is '"' or '`')
                    quote = letter;
                if (!char.IsWhiteSpace(letter))
                    bare.Append(
                        letter switch
                        {
                            '`' => '"',
                            '(' => Opens,
                            ')' => Closes,
                            _ => letter,
                        }
                    );
            }
            else if (letter == quote)
            {
                quote = '\0';
                bare.Append('"');
            }
            else if (letter == '\\' && quote == '"' && i + 1 < logql.Length)
            {
                bare.Append(
                    logql[++i] is 'n' ? '\n'
                    : logql[i] is 't' ? '\t'
                    : logql[i]
                );
            }
            else
            {
                bare.Append(letter);
            }
        }
        return Unwrapped(bare.ToString());
    }

    // Brackets of the language, told from those in strings.
    private const char Opens = '\u0001';
    private const char Closes = '\u0002';

    private static string Unwrapped(string bare)
    {
        // Where each bracket is closed, found once: a text may be nothing but brackets.
        var partner = new int[bare.Length];
        var open = new Stack<int>();
        for (var i = 0; i < bare.Length; i++)
        {
            if (bare[i] == Opens)
                open.Push(i);
            else if (bare[i] == Closes && open.TryPop(out var first))
                partner[first] = i;
        }
        var start = 0;
        while (bare.Length - (2 * start) > 1 && bare[start] == Opens && partner[start] == bare.Length - start - 1)
            start++;
        return bare[start..^start];
    }

    /// <summary>Whether two versions fire at the same moments: what they say to people and how they are laid out may differ.</summary>
    public static bool FireAlike(RuleVersionRow one, RuleVersionRow other) =>
        one.For == other.For && one.KeepFiringFor == other.KeepFiringFor && SameExpression(one.Expression, other.Expression);

    private static bool SameExpression(string one, string other) => one == other || Form(one) == Form(other);

    private static string Form(string expression) => PromqlParser.Canonical(expression);
}
