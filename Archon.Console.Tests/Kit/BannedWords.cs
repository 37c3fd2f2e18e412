using System.Text.RegularExpressions;

namespace Archon.Tests.Kit;

/// <summary>Words that were misread on screens and in code, with words to use instead.</summary>
internal static partial class BannedWords
{
    private static readonly Dictionary<string, string> Instead = new(StringComparer.OrdinalIgnoreCase)
    {
        ["nobody"] = "no one, or say what is unknown",
        ["whoever"] = "who",
        ["tell"] = "report, show",
        ["tells"] = "reports, shows",
        ["told"] = "reported, shown",
        ["stand"] = "be",
        ["stands"] = "is",
        ["hold"] = "contain, keep",
        ["holds"] = "contains, keeps",
        ["mend"] = "repair",
        ["mends"] = "repairs",
        ["dear"] = "costly",
        ["lies"] = "is",
    };

    /// <summary>In a text: whole words, whatever their case.</summary>
    public static IEnumerable<string> InText(string text) =>
        Words()
            .Matches(text)
            .Select(match => match.Value)
            .Where(Instead.ContainsKey)
            .Concat(ByItself().Matches(text).Select(match => match.Value));

    /// <summary>In an identifier: its parts, such as <c>is</c> and <c>Told</c> of <c>isTold</c>.</summary>
    public static IEnumerable<string> InIdentifier(string name) =>
        Parts().Matches(name).Select(match => match.Value).Where(Instead.ContainsKey);

    public static string Advice(string word) => Instead.TryGetValue(word, out var better) ? $"{word} (better: {better})" : word;

    [GeneratedRegex("[A-Za-z]+")]
    private static partial Regex Words();

    [GeneratedRegex(@"\bby itself\b", RegexOptions.IgnoreCase)]
    private static partial Regex ByItself();

    [GeneratedRegex("[A-Z]+(?![a-z])|[A-Z]?[a-z]+")]
    private static partial Regex Parts();
}
