using System.Text.RegularExpressions;
using Archon.Data;
using Archon.Data.Rules;
using Archon.Features.Rules.Apply;
using Archon.Features.Rules.Catalogue;
using Archon.Tests.Deploy;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata;
using Xunit;

namespace Archon.Tests.Features.Rules;

/// <summary>What <c>docs/rule-states.md</c> says of the states of a rule is so.</summary>
public sealed partial class RuleStatesTests
{
    private static readonly string Text = File.ReadAllText(Path.Combine(DeployTests.Checkout(), "docs", "rule-states.md"));

    [Fact]
    public void Each_state_is_held_by_the_member_and_the_column_that_it_names()
    {
        using var db = new ArchonDbContext(ArchonContextOptions.For("Host=localhost"));
        var states = State().Matches(Text).ToList();

        Assert.True(states.Count >= 14, $"{states.Count} states were found.");
        Assert.Equal(
            states.Select(state => (state.Groups["state"].Value, state.Groups["column"].Value)),
            states.Select(state =>
                (state.Groups["state"].Value, Column(db.Model, state.Groups["type"].Value, state.Groups["member"].Value))
            )
        );
    }

    [Fact]
    public void Every_stored_state_of_a_rule_and_its_file_is_described()
    {
        string[] stored =
        [
            .. Members<AlertRule>("CurrentVersion", "DeletedAt", "DocumentId", "Served", "RunningVersion", "ServerState", "ServerHealth"),
            .. typeof(RuleDocument)
                .GetProperties()
                .Where(property => property.Name.EndsWith("Content", StringComparison.Ordinal))
                .Select(property => $"`{nameof(RuleDocument)}.{property.Name}`"),
        ];

        Assert.Equal(11, stored.Length);
        Assert.All(stored, member => Assert.Contains(member, Text, StringComparison.Ordinal));
    }

    [Fact]
    public void What_follows_from_the_states_is_described_value_by_value()
    {
        Assert.Equal(Enum.GetNames<RuleStanding>(), ValuesBelow(nameof(RuleStanding)));
        Assert.Equal(Enum.GetNames<ReviewState>(), ValuesBelow(nameof(ReviewState)));
    }

    [Fact]
    public void Who_changes_them_exists()
    {
        var types = typeof(RuleCommands).Assembly.GetTypes().Select(type => type.Name).ToHashSet(StringComparer.Ordinal);

        var named = Code().Matches(Text).Select(match => match.Groups[1].Value).ToList();

        Assert.Equal(
            ["RuleCommands", "RuleImporter", "ImportRulesJob", "WatchRuleFilesJob", "RuleApplier", "OutsideChangeCommands"],
            named.Distinct()
        );
        Assert.All(named, name => Assert.Contains(name, types));
    }

    private static string Column(IModel model, string type, string member) =>
        model.GetEntityTypes().SingleOrDefault(entity => entity.ClrType.Name == type) is { } entity
        && entity.FindProperty(member) is { } property
            ? $"{entity.GetTableName()}.{property.GetColumnName()}"
            : "no such member";

    private static IEnumerable<string> Members<T>(params string[] names) =>
        names.Select(name => $"`{typeof(T).Name}.{typeof(T).GetProperty(name)!.Name}`");

    private static IEnumerable<string> ValuesBelow(string name)
    {
        var start = Text.IndexOf($"(`{name}`):", StringComparison.Ordinal);
        var table = Text[Text.IndexOf("|---|", start, StringComparison.Ordinal)..];
        return Value().Matches(table[..table.IndexOf("\n\n", StringComparison.Ordinal)]).Select(match => match.Groups[1].Value);
    }

    [GeneratedRegex(@"^\| (?<state>[^|]+) \| [^|]+ \| `(?<type>\w+)\.(?<member>\w+)` \| `(?<column>[\w.]+)` \|$", RegexOptions.Multiline)]
    private static partial Regex State();

    [GeneratedRegex(@"^\| [^|]+ \| [^|]+ \| `(\w+)` \|$", RegexOptions.Multiline)]
    private static partial Regex Code();

    [GeneratedRegex(@"^\| `(\w+)` \|", RegexOptions.Multiline)]
    private static partial Regex Value();
}
