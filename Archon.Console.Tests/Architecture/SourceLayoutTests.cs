using System.Text.RegularExpressions;
using Archon.Tests.Deploy;
using Xunit;

namespace Archon.Tests.Architecture;

/// <summary>Layout that no formatter checks. C#, TypeScript and CSS are checked by theirs.</summary>
public sealed partial class SourceLayoutTests
{
    private const int LongestLine = 140;
    private const int LongFile = 400;
    private static readonly string[] Extensions = [".cs", ".razor", ".css", ".ts", ".mjs", ".sh"];
    private static readonly string[] NotSource = ["bin", "obj", "node_modules", "dist", "Migrations"];

    /// <summary>A long file is read from end to end by nobody: it is split, or there is a reason why its parts belong together.</summary>
    [Fact]
    public void Every_file_of_more_than_400_lines_is_in_the_list_with_its_reason_and_no_other_is()
    {
        var root = DeployTests.Checkout();
        var lengths = Sources(root).ToDictionary(file => file, file => File.ReadLines(Path.Combine(root, file)).Count());
        var document = File.ReadAllText(Path.Combine(root, "docs", "architecture.md"));
        var listed = Row()
            .Matches(document[document.IndexOf("## Files of more than 400 lines", StringComparison.Ordinal)..])
            .ToDictionary(row => row.Groups[1].Value, row => row.Groups[2].Value.Trim());

        Assert.True(lengths.Count > 900, $"{lengths.Count} files: not all were found.");
        Assert.Empty(
            lengths
                .Where(file => file.Value > LongFile && !listed.ContainsKey(file.Key))
                .Select(file => $"{file.Key}: {file.Value} lines, not listed")
        );
        Assert.Empty(
            listed.Keys.Where(file => lengths.GetValueOrDefault(file) <= LongFile).Select(file => $"{file} is listed and not long")
        );
        Assert.All(listed, row => Assert.True(row.Value.Length > 20, $"{row.Key} has no reason."));
    }

    /// <summary>Files that people write, by their path from the root with slashes.</summary>
    private static IEnumerable<string> Sources(string root) =>
        ((string[])["Archon.Console", "Archon.Console.Data", "Archon.Console.Tests", "deploy"])
            .SelectMany(folder => Files(Path.Combine(root, folder)))
            .Append(Path.Combine(root, "archon"))
            .Select(file => Path.GetRelativePath(root, file).Replace(Path.DirectorySeparatorChar, '/'));

    private static IEnumerable<string> Files(string folder) =>
        Directory
            .EnumerateFiles(folder)
            .Where(file => Extensions.Contains(Path.GetExtension(file)))
            .Concat(Directory.EnumerateDirectories(folder).Where(one => !NotSource.Contains(Path.GetFileName(one))).SelectMany(Files));

    [GeneratedRegex(@"^\| `([^`]+)` \| (.*) \|$", RegexOptions.Multiline)]
    private static partial Regex Row();

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
