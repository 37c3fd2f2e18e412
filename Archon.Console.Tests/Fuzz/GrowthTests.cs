using Archon.Analysis.AlertTemplates;
using Archon.Analysis.Promql;
using Archon.ConfigFiles.Rules;
using Archon.ConfigFiles.Rules.Lint;
using Archon.Features.Rules.Catalogue;
using Archon.Features.Rules.Editor;
using Xunit;

namespace Archon.Tests.Fuzz;

/// <summary>Twice the input takes about twice the memory, in every part that reads or walks a text from outside.</summary>
public sealed class GrowthTests
{
    // A list that grows by doubling may do so once more for the larger input.
    private const double MostGrowth = 2.6;

    private static readonly AlertTemplateData Data = new(new Dictionary<string, string> { ["job"] = "api" }, 1, DateTimeOffset.UnixEpoch);

    public static TheoryData<string, string> Expressions =>
        new()
        {
            { "up + ", "up" },
            { "up and ", "up" },
            { "a * on (x) group_left (y) ", "b" },
            { "sum by (a, b) (x) / ", "y" },
            { "a - ignoring (z) ", "b" },
            { "a{x=\"1\",y!=\"2\"} or ", "b" },
            { "x > 1 > ", "0" },
            { "label_replace(a, \"b\", \"c\", \"d\", \"e\") unless ", "b" },
        };

    [Theory, MemberData(nameof(Expressions))]
    public void PromQL(string repeated, string last)
    {
        var text = (int count) => string.Concat(Enumerable.Repeat(repeated, count)) + last;

        Assert.NotNull(PromqlParser.Parse(text(200), out _));
        Linear("reading", text, read => PromqlParser.Parse(read, out _));
        Linear("printing", text, read => PromqlParser.Parse(read, out _)!.ToString());
        Linear("labels", text, read => PromqlLabels.Of(PromqlParser.Parse(read, out _)!));
        Linear("explaining", text, read => ExpressionWords.Of(read));
        Linear("linting", count => File($"    expr: '{text(count)}'\n"), file => RuleLinter.Lint([new NamedRuleFile("a.yml", file)]));
    }

    [Theory]
    [InlineData("{{ $labels.job }} text ")]
    [InlineData("{{ if eq $labels.job \"api\" }}{{ $value | humanize }}{{ else if $value }}b{{ end }}")]
    [InlineData("{{ $a := 1 }}{{ $a }}")]
    [InlineData("{{ range args 1 2 }}{{ . }}{{ end }}")]
    [InlineData("{{ /* a comment */ }}")]
    public void Templates(string repeated)
    {
        var text = (int count) => string.Concat(Enumerable.Repeat(repeated, count));

        Assert.NotNull(AlertTemplate.Parse(text(200), out _));
        Linear("reading", text, read => AlertTemplate.Parse(read, out _));
        Linear("expanding", text, read => AlertTemplate.ExpandOrReport(read, Data));
        Linear(
            "linting",
            count => File($"    expr: up == 0\n    annotations:\n      a: '{text(count)}'\n"),
            file => RuleLinter.Lint([new NamedRuleFile("a.yml", file)])
        );
    }

    [Theory]
    [InlineData("  - {alert: A, expr: up == 0, labels: {severity: critical}}\n")]
    [InlineData("  # archon-accept: for: known\n  - alert: A\n    expr: up == 0\n")]
    [InlineData("  - *r\n")]
    public void Rule_files(string repeated)
    {
        var text = (int count) =>
            $"groups:\n- name: g\n  rules:\n  - &r {{alert: B, expr: up > 1, labels: {{a: b}}}}\n{string.Concat(Enumerable.Repeat(repeated, count))}";

        Linear("reading", text, read => RuleFile.Read(read, out _));
        Linear("linting", count => RuleFile.Read(text(count), out _)!, file => RuleLinter.Lint([new NamedRuleFile("a.yml", file)]));
    }

    [Theory]
    [InlineData("((", "a", "))")]
    [InlineData("sum(", "a", ")")]
    public void LogQL(string open, string inner, string close)
    {
        var text = (int count) =>
            string.Concat(Enumerable.Repeat(open, count * 5)) + inner + string.Concat(Enumerable.Repeat(close, count * 5));

        Linear("comparing", text, read => ServedRules.SameLogql(read, read + " "));
    }

    [Fact]
    public void A_map_of_faulty_annotations() =>
        Linear(
            "reading",
            count =>
                $"groups:\n- name: g\n  rules:\n  - alert: A\n    expr: up\n    annotations:\n{string.Concat(Enumerable.Range(0, count).Select(i => $"      a{i}: '{{{{'\n"))}",
            text => RuleFile.Read(text, out _)
        );

    private static RuleFile File(string rest)
    {
        var file = RuleFile.Read($"groups:\n- name: g\n  rules:\n  - alert: A\n{rest}", out var errors);
        Assert.True(file is not null, string.Join("\n", errors));
        return file;
    }

    private static void Linear<T>(string what, Func<int, T> make, Func<T, object?> work)
    {
        work(make(10)); // set up once
        var (one, two) = (Allocated(make(100)), Allocated(make(200)));
        Assert.True(two < one * MostGrowth, $"{what}: {one:N0} bytes, and {two:N0} for twice the input");

        long Allocated(T input)
        {
            work(input);
            // What is kept of the newest expression is another's.
            PromqlParser.Parse("up", out _);
            var before = GC.GetAllocatedBytesForCurrentThread();
            work(input);
            return GC.GetAllocatedBytesForCurrentThread() - before;
        }
    }
}
