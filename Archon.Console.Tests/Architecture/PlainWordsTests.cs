using System.Collections.Concurrent;
using System.Text.RegularExpressions;
using Archon.Tests.Deploy;
using Archon.Tests.Kit;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Xunit;

namespace Archon.Tests.Architecture;

/// <summary>Identifiers and texts are in the words of <see cref="BannedWords"/>' right side. Rendered pages are checked by the tests that open them.</summary>
public sealed partial class PlainWordsTests
{
    private static readonly string[] Projects = ["Archon.Console", "Archon.Console.Data", "Archon.Console.Tests"];

    // Two tests read the same files.
    private static readonly ConcurrentDictionary<string, IReadOnlyList<(bool IsIdentifier, string Text)>> Parsed = new();

    [Fact]
    public void No_identifier_has_a_banned_word() => None(Found(InIdentifiers));

    [Fact]
    public void No_text_has_a_banned_word() =>
        None(Found(InTexts).Where(line => !line.StartsWith("Archon.Console.Tests", StringComparison.Ordinal)));

    [Theory]
    [InlineData("a.cs", "class A { bool isTold; }", 1, 0)]
    [InlineData("a.cs", "class A { const string Words = \"It Stands still.\"; } // nobody", 0, 1)]
    [InlineData("a.cs", "class A { string Words => $\"{1} holds\"; }", 0, 1)]
    [InlineData("a.razor", "<p class=\"told\">Tried again by itself</p>@* told *@", 1, 2)]
    [InlineData("a.razor", "<p>household, telling, intold</p>", 0, 0)]
    [InlineData("a.css", ".told-row { } /* told */", 1, 0)]
    public void The_check_finds_whole_words_outside_of_comments(string file, string source, int inIdentifiers, int inTexts)
    {
        Assert.Equal(inIdentifiers, InIdentifiers(file, source).Count());
        Assert.Equal(inTexts, InTexts(file, source).Count());
    }

    private static void None(IEnumerable<string> found)
    {
        var all = string.Join('\n', found);
        Assert.True(all.Length == 0, all);
    }

    private static List<string> Found(Func<string, string, IEnumerable<string>> find)
    {
        var files = Projects
            .SelectMany(project =>
                Directory.EnumerateFiles(Path.Combine(DeployTests.Checkout(), project), "*", SearchOption.AllDirectories)
            )
            .Select(file => Path.GetRelativePath(DeployTests.Checkout(), file))
            .Where(file =>
                Source().IsMatch(file) && !Generated().IsMatch(file) && !file.EndsWith("PlainWordsTests.cs", StringComparison.Ordinal)
            )
            .ToList();
        Assert.True(files.Count > 800, $"{files.Count} files: not all were found.");
        return
        [
            .. from file in files
            where !file.EndsWith("BannedWords.cs", StringComparison.Ordinal)
            from word in find(file, File.ReadAllText(Path.Combine(DeployTests.Checkout(), file)))
            // The account of the system.
            where word != "nobody" || !file.EndsWith("ServerAccount.cs", StringComparison.Ordinal)
            select $"{file}: {BannedWords.Advice(word)}",
        ];
    }

    private static IEnumerable<string> InIdentifiers(string file, string source) =>
        file.EndsWith(".cs", StringComparison.Ordinal)
            ? Tokens(source).Where(token => token.IsIdentifier).SelectMany(token => BannedWords.InIdentifier(token.Text))
            : WordsOf().Matches(Comments().Replace(source, " ")).Select(match => match.Value).SelectMany(BannedWords.InIdentifier);

    private static IEnumerable<string> InTexts(string file, string source) =>
        Path.GetExtension(file) switch
        {
            ".cs" => Tokens(source).Where(token => !token.IsIdentifier).SelectMany(token => BannedWords.InText(token.Text)),
            ".razor" => BannedWords.InText(Comments().Replace(source, " ")),
            _ => [],
        };

    private static IReadOnlyList<(bool IsIdentifier, string Text)> Tokens(string source) =>
        Parsed.GetOrAdd(
            source,
            text =>
                [
                    .. CSharpSyntaxTree
                        .ParseText(text)
                        .GetRoot()
                        .DescendantTokens()
                        .Where(IsWord)
                        .Select(token => (token.IsKind(SyntaxKind.IdentifierToken), token.ValueText)),
                ]
        );

    private static bool IsWord(SyntaxToken token) =>
        token.Kind()
            is SyntaxKind.IdentifierToken
                or SyntaxKind.StringLiteralToken
                or SyntaxKind.InterpolatedStringTextToken
                or SyntaxKind.SingleLineRawStringLiteralToken
                or SyntaxKind.MultiLineRawStringLiteralToken;

    [GeneratedRegex(@"\.(cs|razor|ts|css)$")]
    private static partial Regex Source();

    [GeneratedRegex(@"(^|/)(obj|bin|node_modules|wwwroot|Migrations|Corpus)/")]
    private static partial Regex Generated();

    [GeneratedRegex(@"@\*.*?\*@|/\*.*?\*/|(?<!:)//[^\n]*", RegexOptions.Singleline)]
    private static partial Regex Comments();

    [GeneratedRegex("[A-Za-z][A-Za-z0-9]*")]
    private static partial Regex WordsOf();
}
