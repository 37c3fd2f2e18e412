using System.Text;
using System.Text.RegularExpressions;

namespace Archon.Integrations.Prometheus;

/// <summary>Puts words of people and of other systems into PromQL and LogQL so that they stay words.</summary>
public static partial class PromqlText
{
    /// <summary>A string literal.</summary>
    public static string Quote(string value)
    {
        var text = new StringBuilder(value.Length + 2).Append('"');
        foreach (var character in value)
        {
            _ = character switch
            {
                '\\' => text.Append(@"\\"),
                '"' => text.Append("\\\""),
                '\n' => text.Append(@"\n"),
                '\r' => text.Append(@"\r"),
                '\t' => text.Append(@"\t"),
                '\0' => text.Append(@"\x00"),
                _ => text.Append(character),
            };
        }
        return text.Append('"').ToString();
    }

    /// <summary>A matcher that holds for exactly this value.</summary>
    /// <exception cref="ArgumentException">The name is none that a label can have without quotes.</exception>
    public static string Matcher(string name, string value) =>
        LabelName().IsMatch(name)
            ? $"{name}={Quote(value)}"
            : throw new ArgumentException($"'{name}' is not the name of a label.", nameof(name));

    /// <summary>The name of a label, in quotes where Prometheus from 3.0 on needs them: <c>"http.route"</c>.</summary>
    public static string Label(string name) => LabelName().IsMatch(name) ? name : Quote(name);

    /// <summary>Whether every Prometheus takes this name of a metric without quotes.</summary>
    public static bool IsPlainMetric(string name) => MetricName().IsMatch(name);

    /// <summary>A selector of one metric: <c>up{job="node"}</c>, or <c>{"http.server.duration",job="node"}</c> where its name needs quotes.</summary>
    /// <param name="matchers">As PromQL, such as <c>code=~"5.."</c>; empty for none.</param>
    public static string Selector(string metric, string matchers = "") =>
        (IsPlainMetric(metric), matchers.Length) switch
        {
            (true, 0) => metric,
            (true, _) => $"{metric}{{{matchers}}}",
            (false, 0) => $"{{{Quote(metric)}}}",
            _ => $"{{{Quote(metric)},{matchers}}}",
        };

    /// <summary>A regular expression (RE2) that matches exactly this text.</summary>
    public static string Literal(string value) => MetaCharacter().Replace(value, @"\$0");

    [GeneratedRegex(@"^[a-zA-Z_][a-zA-Z0-9_]*\z", RegexOptions.CultureInvariant)]
    private static partial Regex LabelName();

    [GeneratedRegex(@"^[a-zA-Z_:][a-zA-Z0-9_:]*\z", RegexOptions.CultureInvariant)]
    private static partial Regex MetricName();

    [GeneratedRegex(@"[\\.+*?()|\[\]{}^$]", RegexOptions.CultureInvariant)]
    private static partial Regex MetaCharacter();
}
