using System.Globalization;
using System.Text;
using Archon.Analysis.AlertTemplates;
using Archon.Analysis.Promql;
using Archon.Analysis.Series;
using Archon.ConfigFiles.Yaml;
using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace Archon.Features.Rules.Editor;

/// <summary>An alert that a test expects.</summary>
/// <param name="Labels">All but <c>alertname</c>, which promtool adds itself.</param>
public sealed record ExpectedAlert(IReadOnlyDictionary<string, string> Labels, IReadOnlyDictionary<string, string> Annotations);

/// <summary>A test to be written.</summary>
/// <param name="Interval">Between two samples of the input.</param>
/// <param name="Input">Each series with a sample or NaN per interval, from the test's beginning on.</param>
/// <param name="EvalTime">When the alert is looked at, from the test's beginning on.</param>
/// <param name="Expected">Empty: the alert must not fire.</param>
public sealed record RuleTest(
    string Name,
    TimeSpan Interval,
    IReadOnlyList<(SeriesLabels Series, double[] Values)> Input,
    string Alert,
    IReadOnlyList<TimeSpan> EvalTime,
    IReadOnlyList<ExpectedAlert> Expected
);

/// <summary>
/// Unit tests of rules in the form of <c>promtool test rules</c>, without <c>rule_files</c>: which file they are of is known.
/// </summary>
public static class RuleTestFile
{
    /// <summary>The name under which the tests find the rules when they run.</summary>
    public const string RulesName = "rules.yml";

    private const int MostText = 1_000_000;
    private const int MostTests = 100;

    /// <summary>Each test as a file of its own, so that one that fails hides no other.</summary>
    /// <returns>The tests, or what is wrong with the text.</returns>
    public static (IReadOnlyList<(string Name, string Text)> Tests, string? Fault) Split(string text)
    {
        if (text.Length > MostText)
            return ([], "The tests are longer than a million characters.");
        try
        {
            var stream = BoundedYaml.Load(text);
            if (stream.Documents is not [{ RootNode: YamlMappingNode root }])
            {
                return ([], "Tests are a map with the entry tests, as promtool reads it.");
            }
            if (Entry(root, "tests") is not YamlSequenceNode { Children: { Count: > 0 } tests })
                return ([], "There is no test yet.");
            if (tests.Count > MostTests)
                return ([], $"There are more than {MostTests} tests.");
            return ([.. tests.Select((test, place) => (Name(test, place), Alone(root, test)))], null);
        }
        catch (YamlException odd)
        {
            return ([], $"Line {odd.Start.Line}: {odd.InnerException?.Message ?? odd.Message}");
        }
    }

    /// <summary>The text with one more test at its end.</summary>
    /// <param name="evaluation">How often the rule's group is evaluated.</param>
    public static string Add(string text, RuleTest test, TimeSpan evaluation)
    {
        var all = new StringBuilder(text.TrimEnd());
        if (all.Length == 0)
        {
            all.Append(CultureInfo.InvariantCulture, $"evaluation_interval: {PrometheusDuration.Format(evaluation)}\n\ntests:");
        }
        all.Append('\n').Append(Text(test));
        return all.ToString();
    }

    public static string Text(RuleTest test)
    {
        var text = new StringBuilder();
        text.Append(
            CultureInfo.InvariantCulture,
            $"  - name: {Quote(test.Name)}\n    interval: {PrometheusDuration.Format(test.Interval)}\n    input_series:\n"
        );
        foreach (var (series, values) in test.Input)
        {
            text.Append(
                CultureInfo.InvariantCulture,
                $"      - series: {Quote(Selector(series))}\n        values: {Quote(Values(values))}\n"
            );
        }
        text.Append("    alert_rule_test:\n");
        foreach (var at in test.EvalTime)
        {
            text.Append(
                CultureInfo.InvariantCulture,
                $"      - eval_time: {PrometheusDuration.Format(at)}\n        alertname: {Quote(test.Alert)}\n"
            );
            text.Append(test.Expected.Count == 0 ? "        exp_alerts: []\n" : "        exp_alerts:\n");
            foreach (var expected in test.Expected)
            {
                text.Append("          - exp_labels:").Append(expected.Labels.Count == 0 ? " {}\n" : "\n");
                foreach (var (name, value) in expected.Labels.OrderBy(one => one.Key, StringComparer.Ordinal))
                {
                    text.Append(CultureInfo.InvariantCulture, $"              {name}: {Quote(value)}\n");
                }
                text.Append("            exp_annotations:").Append(expected.Annotations.Count == 0 ? " {}\n" : "\n");
                foreach (var (name, value) in expected.Annotations.OrderBy(one => one.Key, StringComparer.Ordinal))
                {
                    text.Append(CultureInfo.InvariantCulture, $"              {name}: {Quote(value)}\n");
                }
            }
        }
        return text.ToString();
    }

    /// <summary>
    /// Samples in promtool's notation: equal ones in a row as <c>2+0x9</c>, missing ones as <c>_x4</c>;
    /// a series that ends is <c>stale</c> at once.
    /// </summary>
    public static string Values(ReadOnlySpan<double> values)
    {
        var text = new StringBuilder();
        for (var at = 0; at < values.Length; )
        {
            var end = at;
            while (end + 1 < values.Length && values[end + 1].Equals(values[at]))
                end++;
            if (text.Length > 0)
                text.Append(' ');
            var count = end - at;
            if (double.IsNaN(values[at]))
            {
                var missing = count + (at > 0 ? 0 : 1);
                if (at > 0)
                    text.Append(missing > 0 ? "stale " : "stale");
                if (missing > 0)
                    text.Append(missing == 1 ? "_" : string.Create(CultureInfo.InvariantCulture, $"_x{missing}"));
            }
            else
            {
                text.Append(Number(values[at]));
                if (count > 0 && double.IsFinite(values[at]))
                    text.Append(CultureInfo.InvariantCulture, $"+0x{count}");
                else
                    for (var i = 0; i < count; i++)
                        text.Append(' ').Append(Number(values[at]));
            }
            at = end + 1;
        }
        return text.ToString();
    }

    /// <summary>The selectors whose series a test of an expression needs, and how far back it looks at them.</summary>
    public static (IReadOnlyList<string> Selectors, TimeSpan Past) Needs(string expression)
    {
        if (PromqlParser.Parse(expression, out _) is not { } parsed)
            return ([], TimeSpan.Zero);
        var selectors = parsed
            .All()
            .OfType<PromqlSelector>()
            .Select(selector => selector.Series())
            .Distinct(StringComparer.Ordinal)
            .ToList();
        return (selectors, Past(parsed));
    }

    private static TimeSpan Past(PromqlExpression node) =>
        node switch
        {
            PromqlSelector selector => selector.Shift.Offset ?? TimeSpan.Zero,
            PromqlRange range => Sum(range.Length ?? TimeSpan.Zero, Past(range.Selector)),
            PromqlSubquery subquery => Sum(
                (subquery.Length ?? TimeSpan.Zero) + (subquery.Shift.Offset ?? TimeSpan.Zero),
                Past(subquery.Inner)
            ),
            PromqlBinary chain => chain.Fold(Past, (left, binary) => Longest(left, Past(binary.Right))),
            _ => node.Parts.Select(Past).DefaultIfEmpty().Max(),
        };

    private static TimeSpan Longest(TimeSpan one, TimeSpan other) => one > other ? one : other;

    /// <summary>Nested subqueries of centuries are together longer than a <see cref="TimeSpan"/>.</summary>
    private static TimeSpan Sum(TimeSpan one, TimeSpan other) =>
        one > TimeSpan.MaxValue - Longest(other, TimeSpan.Zero) ? TimeSpan.MaxValue : one + other;

    private static string Alone(YamlMappingNode root, YamlNode test)
    {
        // Nothing but this is handed on: no other file is named to the program.
        var file = new YamlMappingNode { { "rule_files", new YamlSequenceNode(new YamlScalarNode(RulesName)) } };
        foreach (var name in (string[])["evaluation_interval", "group_eval_order"])
        {
            if (Entry(root, name) is { } value)
                file.Add(name, value);
        }
        file.Add("tests", new YamlSequenceNode(test));
        using var text = new StringWriter(CultureInfo.InvariantCulture);
        new YamlStream(new YamlDocument(file)).Save(text, assignAnchors: false);
        return text.ToString();
    }

    private static YamlNode? Entry(YamlMappingNode map, string name) =>
        map.Children.FirstOrDefault(entry => entry.Key is YamlScalarNode key && key.Value == name).Value;

    private static string Name(YamlNode test, int place) =>
        test is YamlMappingNode map && Entry(map, "name") is YamlScalarNode { Value: { Length: > 0 } name }
            ? name
            : string.Create(CultureInfo.InvariantCulture, $"test {place + 1}");

    private static string Selector(SeriesLabels series)
    {
        var name = series[PromqlMatcher.Name];
        var rest = series
            .Values.Where(label => label.Key != PromqlMatcher.Name)
            .OrderBy(label => label.Key, StringComparer.Ordinal)
            .Select(label => $"{label.Key}={GoText.Quote(label.Value)}");
        return $"{name}{{{string.Join(',', rest)}}}";
    }

    private static string Number(double value) =>
        double.IsPositiveInfinity(value) ? "inf"
        : double.IsNegativeInfinity(value) ? "-inf"
        : value.ToString("R", CultureInfo.InvariantCulture);

    /// <summary>In single quotes, where nothing has a meaning of its own; what has line feeds in double ones.</summary>
    private static string Quote(string text) =>
        text.Any(char.IsControl) ? GoText.Quote(text) : $"'{text.Replace("'", "''", StringComparison.Ordinal)}'";
}
