using System.Text.RegularExpressions;
using Archon.Features.Watches.Discovery;
using Archon.Integrations.Prometheus;

namespace Archon.Tests.Features.Watches.Discovery;

/// <summary>The catalogue that a server would have after it scraped some texts, without a server.</summary>
internal static partial class ExposedCatalogue
{
    /// <param name="targets">Labels of each target, as <c>job=shop,instance=a</c>, and its text in the exposition format.</param>
    public static MetricCatalogue Of(params (string Labels, string Text)[] targets)
    {
        var metadata = new Dictionary<string, MetricMetadata>(StringComparer.Ordinal);
        var series = new List<(string Name, Dictionary<string, string> Labels)>();
        foreach (var (labels, text) in targets)
        {
            var own = labels.Split(',').Select(part => part.Split('=')).ToDictionary(part => part[0], part => part[1]);
            foreach (var line in text.Split('\n', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
            {
                if (line.Split(' ') is ["#", "TYPE", var metric, var type])
                    metadata[metric.Trim('"')] = new MetricMetadata(metric.Trim('"'), type, "", "");
                else if (line.Split(' ') is ["#", "UNIT", var measured, var unit])
                    metadata[measured] = metadata[measured] with { Unit = unit };
                else
                    series.Add(Series(line, own));
            }
            series.Add(("up", own));
        }
        var names = series.Select(one => one.Name).ToHashSet(StringComparer.Ordinal);
        var candidates = MetricDiscovery.Candidates(names, metadata).ToHashSet(StringComparer.Ordinal);
        return new MetricCatalogue(
            names,
            metadata,
            [.. series.Where(one => one.Name == "up").Select(one => one.Labels)],
            [
                .. series
                    .Where(one => candidates.Contains(one.Name))
                    .Select(one => new MetricCarrier(one.Name, Identity(one.Labels)))
                    .DistinctBy(one => (one.Metric, string.Join(',', one.Labels))),
            ],
            series.Where(one => candidates.Contains(one.Name)).GroupBy(one => one.Name).ToDictionary(group => group.Key, Labels)
        );
    }

    private static MetricLabels Labels(IEnumerable<(string Name, Dictionary<string, string> Labels)> series)
    {
        var values = series
            .SelectMany(one => one.Labels)
            .GroupBy(label => label.Key, label => label.Value)
            .ToDictionary(group => group.Key, group => (IReadOnlySet<string>)group.ToHashSet());
        return new MetricLabels(
            values.Keys.ToHashSet(),
            values.Where(one => LabelRoles.Outcome.Contains(one.Key)).ToDictionary(),
            values.Where(one => LabelRoles.Route.Contains(one.Key)).ToDictionary(one => one.Key, one => one.Value.Count)
        );
    }

    private static Dictionary<string, string> Identity(Dictionary<string, string> labels) =>
        labels.Where(label => label.Key == "namespace" || LabelRoles.Identity.Contains(label.Key)).ToDictionary();

    private static (string, Dictionary<string, string>) Series(string line, Dictionary<string, string> own)
    {
        var labels = new Dictionary<string, string>();
        var name = line[..line.IndexOfAny(['{', ' '])];
        if (line.Contains('{'))
        {
            foreach (Match label in Label().Matches(line[line.IndexOf('{')..line.LastIndexOf('}')]))
                labels[label.Groups[1].Value.Trim('"')] = label.Groups[2].Value;
            if (name.Length == 0)
                name = QuotedName().Match(line).Groups[1].Value;
        }
        // As Prometheus does it: a label of the target wins, and that of the metric is renamed.
        foreach (var (label, value) in own)
        {
            if (labels.TryGetValue(label, out var exported))
                labels[$"exported_{label}"] = exported;
            labels[label] = value;
        }
        return (name, labels);
    }

    [GeneratedRegex("(\"?[a-zA-Z0-9_.]+\"?)=\"([^\"]*)\"")]
    private static partial Regex Label();

    [GeneratedRegex("^\\{\"([^\"]+)\"")]
    private static partial Regex QuotedName();
}
