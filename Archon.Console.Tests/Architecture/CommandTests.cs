using System.Text.RegularExpressions;
using Archon.Tests.Deploy;
using Xunit;

namespace Archon.Tests.Architecture;

/// <summary>What commands change goes through the audit, which sees tracked rows only.</summary>
public sealed partial class CommandTests
{
    private static readonly string[] Others = ["RuleApplier.cs", "RuleImporter.cs", "RuleCatalogue.cs", "AdminReset.cs", "FirstAdmin.cs"];

    [Fact]
    public void Commands_change_no_rows_past_the_audit()
    {
        var files = Directory
            .EnumerateFiles(Path.Combine(DeployTests.Checkout(), "Archon.Console", "Features"), "*.cs", SearchOption.AllDirectories)
            .Where(file => file.EndsWith("Commands.cs", StringComparison.Ordinal) || Others.Contains(Path.GetFileName(file)))
            .ToList();

        Assert.True(files.Count >= 12, $"{files.Count} files: not all were found.");
        Assert.Empty(files.SelectMany(file => Past(File.ReadAllText(file)).Select(found => $"{Path.GetFileName(file)}: {found}")));
    }

    [Theory]
    [InlineData("await rows.ExecuteDeleteAsync(token);", 1)]
    [InlineData("await rows.ExecuteUpdateAsync(set => set, token);", 1)]
    [InlineData("await db.Database.ExecuteSqlAsync($\"DELETE FROM users\", token);", 1)]
    [InlineData("await db.Database.ExecuteSqlAsync($\"SELECT 1 FROM users FOR UPDATE\", token);", 0)]
    [InlineData("await db.Database.ExecuteSqlRawAsync(\"LOCK TABLE users IN SHARE ROW EXCLUSIVE MODE\", token);", 0)]
    public void The_check_finds_changes_and_lets_locks_be(string source, int found) => Assert.Equal(found, Past(source).Count());

    private static IEnumerable<string> Past(string source) =>
        Changes()
            .Matches(source)
            .Select(match => match.Value)
            .Where(text => !text.StartsWith("ExecuteSql", StringComparison.Ordinal) || !Locks().IsMatch(text));

    [GeneratedRegex(@"ExecuteUpdate\w*|ExecuteDelete\w*|ExecuteSql\w*\(\s*\$?""[^""]*""")]
    private static partial Regex Changes();

    [GeneratedRegex("FOR UPDATE|LOCK TABLE|pg_(try_)?advisory")]
    private static partial Regex Locks();
}
