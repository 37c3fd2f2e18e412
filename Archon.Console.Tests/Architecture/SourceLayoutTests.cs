using Archon.Tests.Deploy;
using Xunit;

namespace Archon.Tests.Architecture;

/// <summary>Layout that no formatter checks. C#, TypeScript and CSS are checked by theirs.</summary>
public sealed class SourceLayoutTests
{
    private const int LongestLine = 140;

    [Fact]
    public void No_line_of_markup_is_longer_than_140_characters()
    {
        var root = DeployTests.Checkout();
        var files = Directory
            .EnumerateFiles(Path.Combine(root, "Archon.Console"), "*.razor", SearchOption.AllDirectories)
            .Where(file => !file.Contains($"{Path.DirectorySeparatorChar}obj{Path.DirectorySeparatorChar}", StringComparison.Ordinal))
            .ToList();

        var found = files.SelectMany(file => LongLines(Path.GetRelativePath(root, file), File.ReadAllText(file)));

        Assert.True(files.Count > 60, $"{files.Count} files: not all were found.");
        Assert.Empty(found);
    }

    [Theory]
    [InlineData(140, 0)]
    [InlineData(141, 1)]
    public void The_check_finds_the_first_length_that_is_too_long(int length, int found) =>
        Assert.Equal(found, LongLines("a.razor", $"<p>\r\n{new string('x', length)}\r\n</p>").Count());

    private static IEnumerable<string> LongLines(string file, string text) =>
        text.ReplaceLineEndings("\n")
            .Split('\n')
            .Index()
            .Where(line => line.Item.Length > LongestLine)
            .Select(line => $"{file}:{line.Index + 1} has {line.Item.Length} characters");
}
