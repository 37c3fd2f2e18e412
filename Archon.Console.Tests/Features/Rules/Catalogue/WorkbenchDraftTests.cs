using Archon.Analysis.RuleReplay;
using Archon.ConfigFiles.Rules;
using Archon.Features.Rules.Backtest;
using Archon.Features.Rules.Catalogue;
using Archon.Features.Rules.Editor;
using Xunit;

namespace Archon.Tests.Features.Rules.Catalogue;

public sealed class WorkbenchDraftTests
{
    private static readonly RuleContent Content = new("Slow", true, "x > 1\n")
    {
        For = TimeSpan.FromMinutes(90),
        Labels = new Dictionary<string, string> { ["severity"] = "critical", ["team"] = "shop" },
        Annotations = new Dictionary<string, string> { ["runbook"] = "Look.", ["summary"] = "Slow" },
    };

    [Fact]
    public void Fields_say_what_the_rule_says_and_nothing_is_lost_on_the_way_back()
    {
        var draft = WorkbenchDraft.Of(Content, "shop.yml", "shop", 3);

        Assert.Equal(("1h30m", "", "critical", "summary"), (draft.For, draft.KeepFiringFor, draft.Severity, draft.Annotations[0].Name));
        Assert.True(draft.Content.Says(Content with { Expression = "x > 1" }));
        Assert.Empty(draft.Faults());
    }

    [Fact]
    public void A_draft_travels_in_a_link()
    {
        var draft = WorkbenchDraft.Of(Content, "shop.yml", "shop", 3);

        var arrived = WorkbenchDraft.Shared(draft.Share()!).Draft;

        Assert.NotNull(arrived);
        Assert.True(arrived.Says(draft));
    }

    [Theory]
    [InlineData("")]
    [InlineData("nonsense!")]
    [InlineData("AAAA")]
    [InlineData("q1ZKTy0pT0xRsqqOBQA")]
    public void A_link_that_has_no_draft_is_reported_apart(string text) =>
        Assert.Equal((null, "it cannot be read"), WorkbenchDraft.Shared(text));

    [Fact]
    public void A_draft_that_is_too_large_once_it_is_unpacked_is_refused_with_the_limit()
    {
        var large = new WorkbenchDraft { Expression = new string(' ', 250_000) }.Share()!;
        var many = new WorkbenchDraft { Labels = [.. Enumerable.Range(0, 300).Select(_ => new WorkbenchEntry())] }.Share()!;

        Assert.Equal((null, "the draft is larger than 200,000 bytes once it is unpacked"), WorkbenchDraft.Shared(large));
        Assert.Equal((null, "the draft has more than 200 labels and annotations"), WorkbenchDraft.Shared(many));
    }

    [Fact]
    public void What_cannot_be_saved_is_reported_by_field()
    {
        var draft = new WorkbenchDraft
        {
            For = "5 minutes",
            Labels = [new() { Name = "a", Value = "1" }, new() { Name = "a", Value = "2" }],
        };

        Assert.Equal(["Expression", "File", "For", "Group", "Labels", "Name"], draft.Faults().Keys.Order(StringComparer.Ordinal));
    }

    [Fact]
    public void The_nearest_quieter_threshold_is_taken_on_the_quiet_side()
    {
        ThresholdOutcome[] outcomes =
        [
            .. new[] { (1.0, 9), (2.0, 8), (3.0, 4), (4.0, 1) }.Select(one => new ThresholdOutcome(
                one.Item1,
                new ReplaySummary(one.Item2, TimeSpan.Zero, 0, 0, 0)
            )),
        ];

        Assert.Equal(3, WorkbenchMath.Half(outcomes, 2, ">")!.Threshold);
        Assert.Null(WorkbenchMath.Half(outcomes, 2, "<"));
        Assert.Null(WorkbenchMath.Half(outcomes, 5, ">"));
    }

    [Fact]
    public void A_difference_is_reported_line_by_line()
    {
        var lines = RuleYaml.Compare(
            RuleYaml.Text(Content),
            RuleYaml.Text(Content with { Expression = "x > 2", KeepFiringFor = TimeSpan.FromMinutes(5) })
        );

        Assert.Contains(new DiffRow("  for: 1h30m", "  for: 1h30m"), lines);
        Assert.Contains(lines, line => line.Old is null && line.New == "  keep_firing_for: 5m");
        Assert.Contains(lines, line => line is { Old: not null, New: not null, IsChanged: true });
    }
}
