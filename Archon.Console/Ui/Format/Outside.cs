using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text;
using Microsoft.AspNetCore.Components;

namespace Archon.Ui.Format;

/// <summary>
/// Text that does not come from the console: names, labels, messages of servers, what people typed. Characters that are invisible, or that
/// change the direction of the text around them, are shown as escapes, and the text is isolated from its surroundings.
/// </summary>
/// <remarks>Every page passes such text through here when it is rendered. Stored, edited, copied and sent text is never changed.</remarks>
public static class Outside
{
    // Direction marks and overrides: U+061C, U+200E, U+200F, U+202A to U+202E, U+2066 to U+2069. Line ends: U+2028, U+2029. The others are
    // invisible: soft hyphen, joiners, fillers, zero-width spaces, deprecated format characters and interlinear annotations.
    private static readonly string Unseen = string.Concat(
        "\u00AD\u034F\u061C\u115F\u1160\u17B4\u17B5\u3164\uFEFF\uFFA0",
        Range(0x180B, 0x180F),
        Range(0x200B, 0x200F),
        Range(0x2028, 0x202E),
        Range(0x2060, 0x206F),
        Range(0xFFF9, 0xFFFB)
    );

    private static readonly SearchValues<char> Suspects = SearchValues.Create(
        string.Concat(Range(0x00, 0x1F), Range(0x7F, 0x9F), Unseen, Range(0xD800, 0xDFFF))
    );

    /// <summary>For attributes, titles and sentences: <c>\u202E</c> and <c>\x1b[31m</c> in place of what would not be seen.</summary>
    [return: NotNullIfNotNull(nameof(text))]
    public static string? Text(string? text) => text is null ? null : Escape(text, keepsLines: false);

    /// <summary>The same for a text that is laid out in lines: their ends, and tabs, stay.</summary>
    public static string Lines(string text) => Escape(text, keepsLines: true);

    /// <summary>For a name or another short text as the content of an element, isolated from what stands around it.</summary>
    public static RenderFragment Name(string? text) => Isolate(text, keepsLines: false);

    /// <summary>The same for a text that may have several lines.</summary>
    public static RenderFragment Block(string? text) => Isolate(text, keepsLines: true);

    private static RenderFragment Isolate(string? text, bool keepsLines) =>
        builder =>
        {
            if (string.IsNullOrEmpty(text))
                return;
            builder.OpenElement(0, "bdi");
            builder.AddContent(1, Escape(text, keepsLines));
            builder.CloseElement();
        };

    private static string Escape(string text, bool keepsLines)
    {
        var at = text.AsSpan().IndexOfAny(Suspects);
        if (at < 0)
            return text;
        var shown = new StringBuilder(text.Length + 16).Append(text, 0, at);
        for (; at < text.Length; at++)
        {
            var letter = text[at];
            if (!Suspects.Contains(letter) || (keepsLines && letter is '\n' or '\t'))
            {
                shown.Append(letter);
            }
            else if (char.IsHighSurrogate(letter) && at + 1 < text.Length && char.IsLowSurrogate(text[at + 1]))
            {
                var letters = char.ConvertToUtf32(letter, text[at + 1]);
                // Tags and variation selectors of the last plane carry text that nobody sees.
                if (letters is >= 0xE0000 and <= 0xE0FFF)
                    shown.Append(CultureInfo.InvariantCulture, $"\\u{{{letters:X}}}");
                else
                    shown.Append(letter).Append(text[at + 1]);
                at++;
            }
            else
            {
                shown.Append(
                    letter switch
                    {
                        '\n' => "\\n",
                        '\r' => "\\r",
                        '\t' => "\\t",
                        < (char)0x100 => string.Create(CultureInfo.InvariantCulture, $"\\x{(int)letter:x2}"),
                        _ => string.Create(CultureInfo.InvariantCulture, $"\\u{(int)letter:X4}"),
                    }
                );
            }
        }
        return shown.ToString();
    }

    private static string Range(int first, int last) => string.Concat(Enumerable.Range(first, last - first + 1).Select(code => (char)code));
}
