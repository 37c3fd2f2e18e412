using Archon.Analysis.Series;
using Archon.ConfigFiles.Rules;
using Archon.Features.Rules.Editor;
using Archon.Tests.Kit;
using Microsoft.Extensions.Options;
using Xunit;

namespace Archon.Tests.Features.Rules.Editor;

/// <summary>Unit tests as they are written, and as the real promtool runs them.</summary>
[SystemTest]
public sealed class RuleTestFileTests
{
    private static readonly TimeSpan Step = TimeSpan.FromSeconds(15);
    private static readonly GroupContent Group = new("shop") { Interval = Step };

    private static readonly RuleContent Rule = new("QueueLong", true, "queue_length{service=\"shop\"} > 5")
    {
        For = TimeSpan.FromMinutes(1),
        Labels = new Dictionary<string, string> { ["severity"] = "warning" },
        Annotations = new Dictionary<string, string> { ["summary"] = "It's {{ $value }} long:\n\"wait\"" },
    };

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(new[] { 1.0, 1, 1, 2 }, "1+0x2 2")]
    [InlineData(new[] { double.NaN, double.NaN, 3, double.NaN, double.NaN, 4 }, "_x2 3 stale _ 4")]
    [InlineData(new[] { 0.1, double.PositiveInfinity, double.PositiveInfinity }, "0.1 inf inf")]
    [InlineData(new double[0], "")]
    public void Samples_are_written_in_promtools_notation(double[] values, string text) => Assert.Equal(text, RuleTestFile.Values(values));

    [Fact]
    public async Task What_is_written_for_a_spike_and_for_noise_has_in_promtool()
    {
        var labels = new SeriesLabels(
            new Dictionary<string, string>
            {
                ["__name__"] = "queue_length",
                ["service"] = "shop",
                ["path"] = "a\\b\"c",
            }
        );
        double[] spike = [.. Enumerable.Repeat(1.0, 8), .. Enumerable.Repeat(9.0, 8)];
        double[] noise = [1, 9, 1, 9, double.NaN, 9, 1, 9, 1];
        var firing = new ExpectedAlert(
            new Dictionary<string, string>
            {
                ["severity"] = "warning",
                ["service"] = "shop",
                ["path"] = "a\\b\"c",
            },
            new Dictionary<string, string> { ["summary"] = "It's 9 long:\n\"wait\"" }
        );
        var text = RuleTestFile.Add(
            "",
            new RuleTest("fires", Step, [(labels, spike)], Rule.Name, [TimeSpan.FromMinutes(3.75)], [firing]),
            Step
        );
        text = RuleTestFile.Add(
            text,
            new RuleTest("stays quiet", Step, [(labels, noise)], Rule.Name, [TimeSpan.FromMinutes(1), TimeSpan.FromMinutes(2)], []),
            Step
        );

        var run = await Runner().RunAsync(RuleYaml.File(Group, Rule)!.Text, text, Token);

        Assert.Null(run.NotRun);
        Assert.Equal([("fires", true, ""), ("stays quiet", true, "")], run.Outcomes.Select(one => (one.Name, one.Passed, one.Output)));
    }

    [Fact]
    public async Task A_test_that_fails_says_what_promtool_found_and_hides_no_other()
    {
        var labels = new SeriesLabels(new Dictionary<string, string> { ["__name__"] = "queue_length", ["service"] = "shop" });
        double[] spike = [.. Enumerable.Repeat(9.0, 12)];
        var text = RuleTestFile.Add(
            "",
            new RuleTest(
                "wrong",
                Step,
                [(labels, spike)],
                Rule.Name,
                [TimeSpan.FromMinutes(2)],
                [new ExpectedAlert(new Dictionary<string, string>(), new Dictionary<string, string>())]
            ),
            Step
        );
        text = RuleTestFile.Add(text, new RuleTest("right", Step, [(labels, [1, 1, 1])], Rule.Name, [Step], []), Step);

        var run = await Runner().RunAsync(RuleYaml.File(Group, Rule)!.Text, text, Token);

        Assert.Equal([("wrong", false), ("right", true)], run.Outcomes.Select(one => (one.Name, one.Passed)));
        var got = Assert.Single(RuleTestMaker.Got(run.Outcomes[0].Output));
        Assert.Equal("It's 9 long:\n\"wait\"", got.Annotations["summary"]);
        Assert.Equal(["service", "severity"], got.Labels.Keys.Order(StringComparer.Ordinal));
    }

    [Theory]
    [InlineData("tests: [", "Line ")]
    [InlineData("evaluation_interval: 1m", "There is no test yet.")]
    [InlineData("- a", "Tests are a map")]
    public void What_is_no_test_says_why(string text, string fault) =>
        Assert.StartsWith(fault, RuleTestFile.Split(text).Fault, StringComparison.Ordinal);

    [Fact]
    public void Files_that_a_test_names_are_not_handed_on()
    {
        var (tests, fault) = RuleTestFile.Split(
            "rule_files: [/etc/passwd]\nsecret: /etc/shadow\ntests:\n  - name: one\n    interval: 1m\n"
        );

        Assert.Null(fault);
        Assert.DoesNotContain("/etc/", Assert.Single(tests).Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Without_promtool_nothing_passes()
    {
        using var none = new PromtoolRunner(Options.Create(new PromtoolOptions { Promtool = "/nowhere/promtool" }), TimeProvider.System);

        Assert.False(new PromtoolOptionsValidator().Validate(null, new PromtoolOptions { Promtool = "/nowhere/promtool" }).Succeeded);
        await Assert.ThrowsAnyAsync<Exception>(() => none.RunAsync("", "tests: [{name: a}]", Token));
    }

    [Fact]
    public void What_a_test_needs_reaches_as_far_back_as_its_expression()
    {
        var (selectors, past) = RuleTestFile.Needs("rate(a{x=\"1\"}[5m] offset 1h) > 2 and max_over_time(b[10m:1m]) > 1");

        Assert.Equal(["a{x=\"1\"}", "b"], selectors);
        Assert.Equal(TimeSpan.FromMinutes(65), past);
    }

    private static PromtoolRunner Runner() =>
        new(Options.Create(new PromtoolOptions { Promtool = Tools.Find("promtool") }), TimeProvider.System);
}
