using System.Text;
using System.Text.RegularExpressions;

namespace Archon.Integrations.Prometheus;

/// <summary>Puts words of people and of other systems into PromQL and LogQL so that they stay words.</summary>
public static partial class PromqlText
{
    /// <summary>A string literal.</summary>
    public static string Quote(string value)
    {
        var text = new StringBuilder(value.Length + 2).Append('"');
        foreach (var character in value)
        {
            _ = character switch
            {
                '\\' => text.Append(@"\\"),
                '"' => text.Append("\\\""),
                '\n' => text.Append(@"\n"),
                '\r' => text.Append(@"\r"),
                '\t' => text.Append(@"\t"),
                '\0' => text.Append(@"\x00"),
                _ => text.Append(character),
            };
        }
        return text.Append('"').ToString();
    }

    /// <summary>A matcher that holds for exactly this value.</summary>
    /// <exception cref="ArgumentException">The name is none that a label can have without quotes.</exception>
    public static string Matcher(string name, string value) =>
        LabelName().IsMatch(name)
            ? $"{name}={Quote(value)}"
            : throw new ArgumentException($"'{name}' is not the name of a label.", nameof(name));

    /// <summary>A regular expression (RE2) that matches exactly this text.</summary>
    public static string Literal(string value) => MetaCharacter().Replace(value, @"\$0");

    [GeneratedRegex(@"^[a-zA-Z_][a-zA-Z0-9_]*\z", RegexOptions.CultureInvariant)]
    private static partial Regex LabelName();

    [GeneratedRegex(@"[\\.+*?()|\[\]{}^$]", RegexOptions.CultureInvariant)]
    private static partial Regex MetaCharacter();
}
