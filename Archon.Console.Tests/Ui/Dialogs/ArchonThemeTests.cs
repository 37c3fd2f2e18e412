using System.Text.RegularExpressions;
using Archon.Ui.Dialogs;
using MudBlazor.Utilities;
using Xunit;

namespace Archon.Tests.Ui.Dialogs;

/// <summary>MudBlazor's dialogs and notes have the colours of everything else.</summary>
public sealed partial class ArchonThemeTests
{
    public static TheoryData<string> Both => new("dark", "light");

    [Theory, MemberData(nameof(Both))]
    public void The_theme_and_the_style_sheet_name_the_same_colours(string name)
    {
        var tokens = Tokens(name);
        MudBlazor.Palette palette = name == "dark" ? ArchonTheme.Dark.PaletteDark : ArchonTheme.Light.PaletteLight;

        foreach (
            var (token, colour) in new (string, MudColor)[]
            {
                ("accent-fill", palette.Primary),
                ("accent", palette.Secondary),
                ("critical", palette.Error),
                ("warning", palette.Warning),
                ("info", palette.Info),
                ("ok", palette.Success),
                ("n-0", palette.Background),
                ("n-0", palette.AppbarBackground),
                ("n-0", palette.DrawerBackground),
                ("n-1", palette.Surface),
                ("n-9", palette.TextPrimary),
                ("n-7", palette.TextSecondary),
                ("n-6", palette.TextDisabled),
                ("n-8", palette.ActionDefault),
                ("n-4", palette.LinesDefault),
                ("n-4", palette.TableLines),
                ("n-4", palette.Divider),
                ("n-5", palette.LinesInputs),
                ("n-2", palette.TableHover),
                ("on-accent", palette.PrimaryContrastText),
            }
        )
        {
            Assert.True(
                tokens[token] == colour.ToString(MudColorOutputFormats.Hex),
                $"{token} is {tokens[token]} in the style sheet and {colour.ToString(MudColorOutputFormats.Hex)} in the theme."
            );
        }
    }

    /// <summary>MudBlazor writes a colon before a scope without one, and browsers ignore what follows.</summary>
    [Fact]
    public void The_scope_of_each_theme_begins_with_a_colon() =>
        Assert.All([ArchonTheme.Dark, ArchonTheme.Light], theme => Assert.StartsWith(":", theme.PseudoCss.Scope, StringComparison.Ordinal));

    /// <summary>The tokens of one theme that are plain colours.</summary>
    private static Dictionary<string, string> Tokens(string theme)
    {
        using var stream = typeof(ArchonThemeTests).Assembly.GetManifestResourceStream("tokens.css")!;
        using var reader = new StreamReader(stream);
        var block = Block().Matches(reader.ReadToEnd()).Single(one => one.Groups[1].Value == theme).Groups[2].Value;
        return Colour().Matches(block).ToDictionary(one => one.Groups[1].Value, one => one.Groups[2].Value);
    }

    [GeneratedRegex("\\[data-theme=\"(dark|light)\"\\] \\{(.*?)\\n\\}", RegexOptions.Singleline)]
    private static partial Regex Block();

    [GeneratedRegex("--([a-z0-9-]+): (#[0-9a-f]{6});")]
    private static partial Regex Colour();
}
