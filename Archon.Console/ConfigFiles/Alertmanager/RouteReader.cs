using System.Text.RegularExpressions;
using Archon.Analysis;
using Archon.Analysis.Promql;
using Archon.Analysis.Routing;
using YamlDotNet.RepresentationModel;

namespace Archon.ConfigFiles.Alertmanager;

/// <summary>Reads the routes out of an Alertmanager configuration.</summary>
/// <remarks>
/// Source: "Configuration" of Alertmanager 0.25 to 0.33: <c>matchers</c>, and <c>match</c> and <c>match_re</c> of before 0.22. A running server
/// tells each matcher as <c>name="value"</c>, a name that is no classic one in quotes.
/// </remarks>
public static partial class RouteReader
{
    /// <returns>The top of the tree, or why it cannot be read.</returns>
    public static (AlertRoute? Root, string? Fault) Read(string yaml)
    {
        var (root, fault) = AlertmanagerYaml.Read(yaml);
        if (fault is not null)
            return (null, fault);
        if (root?.Child("route") is not YamlMappingNode top)
            return (null, "The configuration has no route.");
        try
        {
            return (Route(top), null);
        }
        catch (FormatException odd)
        {
            return (null, odd.Message);
        }
        catch (InputLimitException beyond)
        {
            return (null, $"Not checked: {beyond.Message}.");
        }
    }

    private static AlertRoute Route(YamlMappingNode route) =>
        new(
            route.Text("receiver"),
            [.. Matchers(route)],
            route.Text("continue") == "true",
            route.Child("group_by") is null ? null : Texts(route, "group_by"),
            Length(route, "group_wait"),
            Length(route, "group_interval"),
            Length(route, "repeat_interval"),
            Texts(route, "mute_time_intervals"),
            Texts(route, "active_time_intervals"),
            [.. ((route.Child("routes") as YamlSequenceNode)?.Children ?? []).OfType<YamlMappingNode>().Select(Route)]
        );

    private static IEnumerable<PromqlMatcher> Matchers(YamlMappingNode route)
    {
        foreach (var (name, value) in Entries(route, "match"))
            yield return new PromqlMatcher(name, PromqlMatch.Equal, value);
        foreach (var (name, value) in Entries(route, "match_re"))
            yield return Checked(new PromqlMatcher(name, PromqlMatch.Regex, value));
        foreach (var matcher in Texts(route, "matchers").SelectMany(Matchers))
            yield return matcher;
    }

    /// <summary>One matcher, or several with commas between them, in braces or not.</summary>
    private static IEnumerable<PromqlMatcher> Matchers(string text)
    {
        InputLimits.MatcherLength.Check(text.Length);
        var inner = text.Trim();
        if (inner.StartsWith('{') && inner.EndsWith('}'))
            inner = inner[1..^1];
        for (var at = 0; at < inner.Length; )
        {
            if (Matcher().Match(inner, at) is not { Success: true } found)
                throw new FormatException($"The matcher {text} cannot be read.");
            at += found.Length;
            yield return Checked(
                new PromqlMatcher(
                    Unquoted(found.Groups["name"].Value),
                    found.Groups["op"].Value switch
                    {
                        "=" => PromqlMatch.Equal,
                        "!=" => PromqlMatch.NotEqual,
                        "=~" => PromqlMatch.Regex,
                        _ => PromqlMatch.NotRegex,
                    },
                    Unquoted(found.Groups["value"].Value)
                )
            );
        }
    }

    private static PromqlMatcher Checked(PromqlMatcher matcher) =>
        matcher.Match is PromqlMatch.Regex or PromqlMatch.NotRegex && Re2.Fault(matcher.Value) is { } fault
            ? throw new FormatException($"The matcher {matcher} cannot be read: {fault}")
            : matcher;

    private static string Unquoted(string text) =>
        text is ['"', .., '"'] ? Escape().Replace(text[1..^1], escape => escape.Value[1] == 'n' ? "\n" : escape.Value[1..]) : text;

    private static TimeSpan? Length(YamlMappingNode node, string name) =>
        node.Text(name) is { } text && PrometheusDuration.TryParse(text, out var length) ? length : null;

    private static IEnumerable<(string Name, string Value)> Entries(YamlMappingNode node, string name) =>
        node.Child(name) is not YamlMappingNode map
            ? []
            : map.Children.Select(pair => ((pair.Key as YamlScalarNode)?.Value ?? "", (pair.Value as YamlScalarNode)?.Value ?? ""));

    private static List<string> Texts(YamlMappingNode node, string name) =>
        [.. ((node.Child(name) as YamlSequenceNode)?.Children ?? []).OfType<YamlScalarNode>().Select(one => one.Value ?? "")];

    [GeneratedRegex(
        """\G\s*(?<name>"(?:[^"\\]|\\.)*"|[^\s"=!~,{}]+)\s*(?<op>=~|!~|!=|=)\s*(?<value>"(?:[^"\\]|\\.)*"|[^",]*?)\s*(?:,|$)""",
        RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture
    )]
    private static partial Regex Matcher();

    [GeneratedRegex(@"\\.", RegexOptions.CultureInvariant | RegexOptions.Singleline)]
    private static partial Regex Escape();
}
