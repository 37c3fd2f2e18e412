using System.Globalization;
using System.Text.RegularExpressions;
using Xunit;

namespace Archon.Tests.Ui;

/// <summary>Colours of text and shapes on the colours behind them, computed from the tokens of both themes by WCAG 2.2.</summary>
public sealed partial class ContrastTests
{
    private const double OfText = 4.5;

    public static TheoryData<string> Themes => new("dark", "light");

    [Theory, MemberData(nameof(Themes))]
    public void The_table_at_the_head_of_the_tokens_is_computed_and_every_pair_has_the_contrast_it_needs(string theme)
    {
        var text = Text();
        var tokens = Tokens(text, theme);

        var rows = Row().Matches(text);

        Assert.True(rows.Count >= 50, $"{rows.Count} rows: not all were found.");
        Assert.All(
            rows,
            row =>
            {
                var shown = double.Parse(row.Groups[theme].Value, CultureInfo.InvariantCulture);
                var front = tokens[TokenOf(row.Groups["front"].Value)];
                var behind = row.Groups["behind"].Value;
                var back = behind.Contains("tint", StringComparison.Ordinal) ? Mix(front, tokens["n-1"], 0.1) : tokens[TokenOf(behind)];
                Assert.Equal(shown, Contrast(front, back), 0.02);
                Assert.True(shown >= double.Parse(row.Groups["need"].Value, CultureInfo.InvariantCulture), row.Value);
            }
        );
    }

    [Theory, MemberData(nameof(Themes))]
    public void Text_is_readable_on_every_surface_of_both_themes(string theme)
    {
        var tokens = Tokens(Text(), theme);
        string[] texts = ["n-7", "n-8", "n-9", "n-10", "accent", "critical", "warning", "info", "ok", "unknown", "silenced"];
        var surfaces = ((string[])["n-0", "n-1", "n-2", "float"])
            .Select(name => (Name: name, Colour: tokens[name]))
            .Append((Name: "accent-tint", Colour: Mix(tokens["accent"], tokens["n-1"], 0.14)))
            .ToList();

        var low =
            from name in texts
            from surface in surfaces
            // States are not shown on what is chosen.
            where surface.Name != "accent-tint" || name is "n-7" or "n-8" or "n-9" or "n-10" or "accent"
            let contrast = Contrast(tokens[name], surface.Colour)
            where contrast < OfText
            select $"{name} on {surface.Name}: {contrast:0.00}";

        Assert.Empty(low);
    }

    [Fact]
    public void Contrast_is_that_of_the_definition()
    {
        Assert.Equal(21, Contrast("#000000", "#ffffff"), 0.001);
        Assert.Equal(1, Contrast("#8fa4ff", "#8fa4ff"), 0.001);
        Assert.Equal(4.48, Contrast("#777777", "#ffffff"), 0.005); // just not enough
    }

    /// <summary>The token that a cell of the table means.</summary>
    private static string TokenOf(string cell) =>
        cell switch
        {
            "white" => "on-accent",
            _ when Series().Match(cell) is { Success: true } series => $"s-{series.Groups[1].Value}",
            _ when Step().Match(cell) is { Success: true } step => step.Value,
            _ when cell.EndsWith("(accent)", StringComparison.Ordinal) => "accent",
            _ => cell.Split(' ')[0],
        };

    private static double Contrast(string one, string other)
    {
        var (a, b) = (Luminance(one), Luminance(other));
        return (Math.Max(a, b) + 0.05) / (Math.Min(a, b) + 0.05);
    }

    private static double Luminance(string colour)
    {
        var linear = Channels(colour)
            .Select(channel => channel / 255.0)
            .Select(share => share <= 0.04045 ? share / 12.92 : Math.Pow((share + 0.055) / 1.055, 2.4))
            .ToArray();
        return (0.2126 * linear[0]) + (0.7152 * linear[1]) + (0.0722 * linear[2]);
    }

    /// <summary>As <c>color-mix(in srgb, front share, back)</c>.</summary>
    private static string Mix(string front, string back, double share) =>
        "#"
        + string.Concat(
            Channels(front)
                .Zip(Channels(back), (a, b) => (int)Math.Round((a * share) + (b * (1 - share))))
                .Select(channel => channel.ToString("x2", CultureInfo.InvariantCulture))
        );

    private static IEnumerable<int> Channels(string colour) =>
        Enumerable
            .Range(0, 3)
            .Select(at => int.Parse(colour.AsSpan(1 + (at * 2), 2), NumberStyles.HexNumber, CultureInfo.InvariantCulture));

    private static Dictionary<string, string> Tokens(string text, string theme)
    {
        var block = Block().Matches(text).Single(one => one.Groups[1].Value == theme).Groups[2].Value;
        return Colour().Matches(block).ToDictionary(one => one.Groups[1].Value, one => one.Groups[2].Value, StringComparer.Ordinal);
    }

    private static string Text()
    {
        using var stream = typeof(ContrastTests).Assembly.GetManifestResourceStream("tokens.css")!;
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd();
    }

    [GeneratedRegex(
        @"^ \* (?<front>\S.*?) on (?<behind>\S.*?) +(?<dark>[\d.]+) +(?<light>[\d.]+) +(?<need>[\d.]+) pass$",
        RegexOptions.Multiline
    )]
    private static partial Regex Row();

    [GeneratedRegex("\\[data-theme=\"(dark|light)\"\\] \\{(.*?)\\n\\}", RegexOptions.Singleline)]
    private static partial Regex Block();

    [GeneratedRegex("--([a-z0-9-]+): (#[0-9a-f]{6});")]
    private static partial Regex Colour();

    [GeneratedRegex(@"series (\d+)")]
    private static partial Regex Series();

    [GeneratedRegex(@"n-\d+")]
    private static partial Regex Step();
}
