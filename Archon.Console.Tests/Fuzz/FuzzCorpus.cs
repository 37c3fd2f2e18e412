using System.Globalization;
using System.Text;
using System.Text.Json;
using Archon.Features.Rules.Catalogue;

namespace Archon.Tests.Fuzz;

/// <summary>Inputs to begin with: of each target a text in <c>Corpus</c>, with a line of four dashes between two of them.</summary>
/// <remarks>
/// A large input is written in short: its first line is <c>#!generated</c>, each further line a count and a JSON string that stands there so
/// often, as in <c>20000 "up+"</c>. Drafts are written as the expression they hold.
/// </remarks>
internal static class FuzzCorpus
{
    private const string Generated = "#!generated\n";

    public static IReadOnlyList<byte[]> Of(string target)
    {
        using var stream =
            typeof(FuzzCorpus).Assembly.GetManifestResourceStream($"fuzz/{target}")
            ?? throw new ArgumentException($"There is no corpus for {target}.", nameof(target));
        using var reader = new StreamReader(stream);
        var texts = reader.ReadToEnd().ReplaceLineEndings("\n").Split("----\n").Select(Written);
        return [.. texts.Select(text => Encoding.UTF8.GetBytes(target == "draft" ? Draft(text) : text))];
    }

    /// <summary>A draft as the address that shares it.</summary>
    public static string Draft(string expression) => new WorkbenchDraft { Name = "Alert", Expression = expression }.Share() ?? expression;

    private static string Written(string entry)
    {
        if (!entry.StartsWith(Generated, StringComparison.Ordinal))
            return entry.EndsWith('\n') ? entry[..^1] : entry;
        var text = new StringBuilder();
        foreach (var line in entry[Generated.Length..].Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            var parts = line.Split(' ', 2);
            var piece = JsonSerializer.Deserialize<string>(parts[1])!;
            text.Insert(text.Length, piece, int.Parse(parts[0], CultureInfo.InvariantCulture));
        }
        return text.ToString();
    }
}
