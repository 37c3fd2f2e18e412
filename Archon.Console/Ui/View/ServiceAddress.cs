using System.Globalization;
using System.Text;

namespace Archon.Ui.View;

/// <summary>Where the pages of a service are, whatever its name is.</summary>
/// <remarks>
/// Servers, proxies and browsers resolve <c>.</c> and <c>..</c>, refuse control characters, and disagree about an encoded slash or backslash, which is
/// decoded once or twice on the way. Such characters, the first one of a name that is an address of the console's own, and the tilde itself are written as
/// a tilde with two hexadecimal digits. A tilde passes through all of them as it is.
/// </remarks>
public static class ServiceAddress
{
    private const char Mark = '~';

    public static string Of(string name) => $"/services/{Uri.EscapeDataString(Write(name))}";

    public static string Edit(string name) => $"{Of(name)}/edit";

    /// <summary>The name behind a segment of an address; a tilde that marks nothing stays, as in addresses that a person wrote.</summary>
    public static string NameIn(string segment)
    {
        if (!segment.Contains(Mark, StringComparison.Ordinal))
            return segment;
        var name = new StringBuilder(segment.Length);
        for (var at = 0; at < segment.Length; at++)
        {
            if (
                segment[at] == Mark
                && at + 2 < segment.Length
                && byte.TryParse(segment.AsSpan(at + 1, 2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var code)
            )
            {
                name.Append((char)code);
                at += 2;
            }
            else
            {
                name.Append(segment[at]);
            }
        }
        return name.ToString();
    }

    private static string Write(string name)
    {
        var isTaken = name is "new" or "." or "..";
        var segment = new StringBuilder(name.Length);
        foreach (var letter in name)
        {
            if (isTaken || letter is Mark or '%' or '/' or '\\' or < ' ' or '\u007F')
                segment.Append(Mark).Append(((int)letter).ToString("X2", CultureInfo.InvariantCulture));
            else
                segment.Append(letter);
        }
        return segment.ToString();
    }
}
