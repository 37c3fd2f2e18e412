using Archon.Analysis.LogPatterns;
using Xunit;

namespace Archon.Tests.Analysis.LogPatterns;

/// <summary>
/// Grouping accuracy as in Zhu et al., "Tools and Benchmarks for Automated Log Parsing", ICSE-SEIP 2019: the share of lines whose template holds all lines of
/// their statement and no other.
/// </summary>
public sealed class GroupingAccuracyTests
{
    private const double Asked = 0.9;

    public static TheoryData<string> Formats => [.. LabelledLogs.All.Keys];

    [Fact]
    public void There_are_a_dozen_formats_and_more() => Assert.InRange(LabelledLogs.All.Count, 12, 100);

    [Theory, MemberData(nameof(Formats))]
    public void Lines_of_one_statement_are_one_template(string format) => AssertAccurate(LabelledLogs.All[format]);

    [Fact]
    public void Logs_of_all_formats_in_one_stream_are_reported_apart()
    {
        var all = LabelledLogs.All.SelectMany(format =>
            format.Value.Select((line, at) => (At: at, Label: $"{format.Key}: {line.Label}", line.Line))
        );

        AssertAccurate([.. all.OrderBy(one => one.At).Select(one => (one.Label, one.Line))]);
    }

    [Fact]
    public void The_measure_punishes_what_is_split_and_what_is_mixed()
    {
        Assert.Equal(1, Accuracy(["a", "a", "b"], [1, 1, 2]));
        Assert.Equal(1 / 3.0, Accuracy(["a", "a", "b"], [1, 2, 3]), 12);
        Assert.Equal(0, Accuracy(["a", "a", "b"], [1, 1, 1]));
    }

    private static void AssertAccurate(IReadOnlyList<(string Label, string Line)> lines)
    {
        var miner = new LogTemplateMiner(new LogMinerSettings());
        var given = lines.Select(line => miner.Add(line.Line)).ToList();
        var numbers = given.Select(template => template is null ? -1 : LogTemplateMiner.Current(template).Number).ToList();

        var accuracy = Accuracy([.. lines.Select(line => line.Label)], numbers);

        Assert.True(
            accuracy >= Asked,
            $"{accuracy:0.000}\n{string.Join('\n', miner.Templates.Select(template => $"{template.Count} {template.Text}"))}"
        );
    }

    private static double Accuracy(IReadOnlyList<string> labels, List<int> templates)
    {
        var byTemplate = templates.Select((template, i) => (template, i)).ToLookup(one => one.template, one => one.i);
        var right = labels
            .Select((label, i) => (label, i))
            .GroupBy(one => one.label, one => one.i)
            .Where(lines => byTemplate[templates[lines.First()]].ToHashSet().SetEquals(lines))
            .Sum(lines => lines.Count());
        return right / (double)labels.Count;
    }
}
