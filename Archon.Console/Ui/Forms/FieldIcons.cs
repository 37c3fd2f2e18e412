namespace Archon.Ui.Forms;

/// <summary>Strokes in fields, in the form that MudBlazor takes: the inside of an SVG of 24 by 24.</summary>
internal static class FieldIcons
{
    public const string Down =
        "<path d=\"m6.500 9.500 5.500 5.500 5.500-5.500\" fill=\"none\" stroke=\"currentColor\" stroke-width=\"2\" "
        + "stroke-linecap=\"round\" stroke-linejoin=\"round\"/>";

    public const string Left =
        "<path d=\"m14.500 6.500-5.500 5.500 5.500 5.500\" fill=\"none\" stroke=\"currentColor\" stroke-width=\"2\" "
        + "stroke-linecap=\"round\" stroke-linejoin=\"round\"/>";

    public const string Right =
        "<path d=\"m9.500 6.500 5.500 5.500-5.500 5.500\" fill=\"none\" stroke=\"currentColor\" stroke-width=\"2\" "
        + "stroke-linecap=\"round\" stroke-linejoin=\"round\"/>";
}
