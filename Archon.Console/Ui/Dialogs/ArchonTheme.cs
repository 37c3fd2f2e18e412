using MudBlazor;

namespace Archon.Ui.Dialogs;

/// <summary>MudBlazor's themes in the colours of <c>Styles/tokens.css</c>. A test holds the two together.</summary>
public static class ArchonTheme
{
    private const string Corner = "5px";

    /// <summary>While <c>data-theme</c> is not light.</summary>
    public static MudTheme Dark { get; } =
        Theme(
            ":root",
            new PaletteDark
            {
                Primary = "#4c63e0",
                PrimaryContrastText = "#ffffff",
                Secondary = "#8fa4ff",
                Error = "#ff6a5c",
                Warning = "#f7bd45",
                Info = "#62c4e6",
                Success = "#2fae8c",
                Background = "#0b0d12",
                AppbarBackground = "#0b0d12",
                DrawerBackground = "#0b0d12",
                Surface = "#11141a",
                TextPrimary = "#dde2ea",
                TextSecondary = "#8e98aa",
                TextDisabled = "#5d6678",
                ActionDefault = "#b3bccb",
                LinesDefault = "#2a303c",
                TableLines = "#2a303c",
                Divider = "#2a303c",
                LinesInputs = "#3a4250",
                TableHover = "#171b23",
                TableStriped = "#00000000",
                OverlayDark = "rgba(5,7,10,0.62)",
            }
        );

    public static MudTheme Light { get; } =
        Theme(
            ":root[data-theme=light]",
            new PaletteLight
            {
                Primary = "#3b52d4",
                PrimaryContrastText = "#ffffff",
                Secondary = "#3b52d4",
                Error = "#a80d40",
                Warning = "#916100",
                Info = "#0a6a96",
                Success = "#007763",
                Background = "#f5f6f8",
                AppbarBackground = "#f5f6f8",
                DrawerBackground = "#f5f6f8",
                Surface = "#ffffff",
                TextPrimary = "#1d2430",
                TextSecondary = "#566072",
                TextDisabled = "#868f9f",
                ActionDefault = "#3f4858",
                LinesDefault = "#dde1e9",
                TableLines = "#dde1e9",
                Divider = "#dde1e9",
                LinesInputs = "#c0c7d3",
                TableHover = "#f3f5f8",
                TableStriped = "#00000000",
                OverlayDark = "rgba(22,28,38,0.36)",
            }
        );

    // MudBlazor puts a colon before a scope that does not begin with one.
    private static MudTheme Theme(string scope, MudBlazor.Palette palette)
    {
        var theme = new MudTheme
        {
            PseudoCss = new PseudoCss { Scope = scope },
            LayoutProperties = new LayoutProperties
            {
                DefaultBorderRadius = Corner,
                DrawerWidthLeft = "208px",
                DrawerMiniWidthLeft = "56px",
                AppbarHeight = "48px",
            },
        };
        if (palette is PaletteDark dark)
            theme.PaletteDark = dark;
        else
            theme.PaletteLight = (PaletteLight)palette;
        return theme;
    }
}
