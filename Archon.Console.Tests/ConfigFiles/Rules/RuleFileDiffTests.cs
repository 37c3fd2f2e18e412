using Archon.ConfigFiles.Rules;
using Xunit;

namespace Archon.Tests.ConfigFiles.Rules;

public sealed class RuleFileDiffTests
{
    private const string Before = """
        groups:
        - name: a
          interval: 1m
          rules:
          - {alert: Same, expr: up == 0, for: 5m, labels: {x: y}}
          - {alert: Changed, expr: up == 0, for: 5m, labels: {severity: info, gone: z}}
          - {alert: Moves, expr: up == 3}
          - {alert: Removed, expr: up == 4}
        - name: b
          rules: []
        - name: leaves
          rules: []
        """;

    private const string After = """
        # written quite differently
        groups:
        - name: b
          limit: 3
          rules:
          - {expr: 'up==3', alert: Moves}
          - {alert: Added, expr: up == 5}
        - name: a
          interval: 60s
          rules:
          - alert: Changed
            expr: up == 1
            for: 300s
            labels: {severity: warning}
          - alert: Same
            expr: |
              up   ==
                0
            for: 300s
            labels:
              "x": 'y'
        - name: comes
          rules: []
        """;

    [Fact]
    public void What_files_say_differently_is_reported_and_not_how_they_are_written()
    {
        var changes = RuleFileDiff.Between(RuleCorpus.Read(Before), RuleCorpus.Read(After));

        Assert.Equal(
            [
                (RuleChangeKind.GroupChanged, "b", null),
                (RuleChangeKind.RuleMoved, "b", "Moves"),
                (RuleChangeKind.RuleAdded, "b", "Added"),
                (RuleChangeKind.RuleChanged, "a", "Changed"),
                (RuleChangeKind.GroupAdded, "comes", null),
                (RuleChangeKind.RuleRemoved, "a", "Removed"),
                (RuleChangeKind.GroupRemoved, "leaves", null),
            ],
            changes.Select(change => (change.Kind, change.Group, change.Rule))
        );
        Assert.Equal(
            [
                new FieldChange("expr", "up == 0", "up == 1"),
                new FieldChange("labels.severity", "info", "warning"),
                new FieldChange("labels.gone", "z", null),
            ],
            changes.Single(change => change.Rule == "Changed").Fields
        );
        Assert.Equal(new FieldChange("limit", null, "3"), Assert.Single(changes[0].Fields));
    }

    [Fact]
    public void A_file_says_the_same_as_itself() =>
        Assert.Empty(
            RuleFileDiff.Between(RuleCorpus.Read(Before), RuleCorpus.Read(Before.Replace("\n", "\r\n", StringComparison.Ordinal)))
        );
}
