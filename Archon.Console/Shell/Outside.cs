using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text;
using Microsoft.AspNetCore.Components;

namespace Archon.Shell;

/// <summary>
/// Text that somebody else wrote: names, labels, messages of servers, what people typed. It must not mislead: characters that nobody sees,
/// or that turn
/// the order of what stands around them, are shown as escapes, and the text is isolated from its surroundings.
/// </summary>
/// <remarks>Every page passes such text through here when it is drawn. What is kept, edited, copied and sent to programs stays as it was
/// written.</remarks>
public static class Outside
{
    // Directions (U+061C, U+200E, U+200F, U+202A to U+202E, U+2066 to U+2069), nothing to see (U+00AD, U+034F, U+115F, U+1160, U+17B4,
    // U+17B5, U+180B to
    // U+180F, U+200B to U+200D, U+2060 to U+2065, U+206A to U+206F, U+3164, U+FEFF, U+FFA0, U+FFF9 to U+FFFB), and ends of lines (U+2028,
    // U+2029).
    private static readonly string Unseen = string.Concat(
        "\u00AD\u034F\u061C\u115F\u1160\u17B4\u17B5\u3164\uFEFF\uFFA0", Range(0x180B, 0x180F), Range(0x200B, 0x200F), Range(0x2028, 0x202E),
        Range(0x2060, 0x206F), Range(0xFFF9, 0xFFFB));

    private static readonly SearchValues<char> Suspects = SearchValues.Create(string.Concat(
        Range(0x00, 0x1F), Range(0x7F, 0x9F), Unseen, Range(0xD800, 0xDFFF)));

    /// <summary>For attributes, titles and sentences: <c>\u202E</c> and <c>\x1b[31m</c> in place of what would not be seen.</summary>
    [return: NotNullIfNotNull(nameof(text))]
    public static string? Text(string? text) => text is null ? null : Escape(text, keepsLines: false);

    /// <summary>The same for a text that is laid out in lines: their ends, and tabs, stay.</summary>
    public static string Lines(string text) => Escape(text, keepsLines: true);

    /// <summary>For a name or another short text as the content of an element, isolated from what stands around it.</summary>
    public static RenderFragment Name(string? text) => Isolate(text, keepsLines: false);

    /// <summary>The same for a text that may have several lines.</summary>
    public static RenderFragment Block(string? text) => Isolate(text, keepsLines: true);

    private static RenderFragment Isolate(string? text, bool keepsLines) => builder =>
    {
        if (string.IsNullOrEmpty(text)) return;
        builder.OpenElement(0, "bdi");
        builder.AddContent(1, Escape(text, keepsLines));
        builder.CloseElement();
    };

    private static string Escape(string text, bool keepsLines)
    {
        var at = text.AsSpan().IndexOfAny(Suspects);
        if (at < 0) return text;
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
                if (letters is >= 0xE0000 and <= 0xE0FFF) shown.Append(CultureInfo.InvariantCulture, $"\\u{{{letters:X}}}");
                else shown.Append(letter).Append(text[at + 1]);
                at++;
            }
            else
            {
                shown.Append(letter switch
                {
                    '\n' => "\\n",
                    '\r' => "\\r",
                    '\t' => "\\t",
                    < (char)0x100 => string.Create(CultureInfo.InvariantCulture, $"\\x{(int)letter:x2}"),
                    _ => string.Create(CultureInfo.InvariantCulture, $"\\u{(int)letter:X4}"),
                });
            }
        }
        return shown.ToString();
    }

    private static string Range(int first, int last) => string.Concat(Enumerable.Range(first, last - first + 1).Select(code => (char)code));
}
