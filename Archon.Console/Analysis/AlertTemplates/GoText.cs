using System.Globalization;
using System.Text;

namespace Archon.Analysis.AlertTemplates;

/// <summary>Numbers and strings written as Go writes them, in which Prometheus' rules and templates are printed.</summary>
/// <remarks>Source: packages strconv and fmt of the Go standard library.</remarks>
public static class GoText
{
    /// <summary><c>strconv.FormatFloat(value, 'f', -1, 64)</c>: as few digits as read back as the same number, never an exponent.</summary>
    public static string Plain(double value)
    {
        if (Special(value) is { } special)
            return special;
        var (digits, exponent, isNegative) = Shortest(value);
        return Sign(isNegative) + Positional(digits, exponent);
    }

    /// <summary>The verb <c>%v</c>: like <see cref="Plain"/>, with an exponent below 1e-4 and from 1e6 on.</summary>
    public static string Value(double value) => General(value, -1, 6);

    /// <summary>The verb <c>%.{precision}g</c>.</summary>
    /// <param name="precision">Significant digits, 1 to 17.</param>
    public static string General(double value, int precision) => General(value, precision, precision);

    /// <summary><c>strconv.Quote</c>: in double quotes, with escapes for what is not printed.</summary>
    public static string Quote(string text)
    {
        var quoted = new StringBuilder(text.Length + 2).Append('"');
        foreach (var rune in text.EnumerateRunes())
        {
            _ = rune.Value switch
            {
                '"' => quoted.Append("\\\""),
                '\\' => quoted.Append(@"\\"),
                '\a' => quoted.Append(@"\a"),
                '\b' => quoted.Append(@"\b"),
                '\f' => quoted.Append(@"\f"),
                '\n' => quoted.Append(@"\n"),
                '\r' => quoted.Append(@"\r"),
                '\t' => quoted.Append(@"\t"),
                '\v' => quoted.Append(@"\v"),
                < 0x20 or 0x7f => quoted.Append(CultureInfo.InvariantCulture, $"\\x{rune.Value:x2}"),
                _ when IsPrinted(rune) => quoted.Append(rune.ToString()),
                > 0xffff => quoted.Append(CultureInfo.InvariantCulture, $"\\U{rune.Value:x8}"),
                _ => quoted.Append(CultureInfo.InvariantCulture, $"\\u{rune.Value:x4}"),
            };
        }
        return quoted.Append('"').ToString();
    }

    private static bool IsPrinted(Rune rune) =>
        rune.Value == ' '
        || Rune.GetUnicodeCategory(rune)
            is not (
                UnicodeCategory.Control
                or UnicodeCategory.Format
                or UnicodeCategory.Surrogate
                or UnicodeCategory.PrivateUse
                or UnicodeCategory.OtherNotAssigned
                or UnicodeCategory.LineSeparator
                or UnicodeCategory.ParagraphSeparator
                or UnicodeCategory.SpaceSeparator
            );

    private static string? Special(double value) =>
        value switch
        {
            double.NaN => "NaN",
            double.PositiveInfinity => "+Inf",
            double.NegativeInfinity => "-Inf",
            _ => null,
        };

    private static string General(double value, int precision, int plainBelow)
    {
        if (Special(value) is { } special)
            return special;
        var (digits, exponent, isNegative) = precision < 0 ? Shortest(value) : Rounded(value, precision);
        if (exponent >= -4 && exponent < plainBelow)
            return Sign(isNegative) + Positional(digits, exponent);
        var fraction = digits.Length > 1 ? "." + digits[1..] : "";
        return $"{Sign(isNegative)}{digits[0]}{fraction}e{(exponent < 0 ? '-' : '+')}{Math.Abs(exponent):00}";
    }

    private static string Sign(bool isNegative) => isNegative ? "-" : "";

    /// <summary>Digits without trailing zeros, the first of them worth ten to the power of the exponent.</summary>
    private static (string Digits, int Exponent, bool IsNegative) Shortest(double value)
    {
        // "R" has the shortest digits but its own idea of where an exponent begins.
        var shortest = value.ToString("R", CultureInfo.InvariantCulture);
        return Parts(shortest.Contains('E', StringComparison.Ordinal) ? shortest : shortest + "E0");
    }

    /// <summary>Go rounds a half to the even digit, .NET away from zero.</summary>
    private static (string Digits, int Exponent, bool IsNegative) Rounded(double value, int precision)
    {
        var (digits, exponent, isNegative) = Parts(value.ToString("E30", CultureInfo.InvariantCulture));
        if (digits.Length <= precision)
            return (digits, exponent, isNegative);
        var isUp = string.CompareOrdinal(digits[precision..], "5") switch
        {
            0 => (digits[precision - 1] - '0') % 2 == 1,
            var order => order > 0,
        };
        var kept = digits[..precision];
        if (isUp)
        {
            kept = (UInt128.Parse(kept, CultureInfo.InvariantCulture) + 1).ToString(CultureInfo.InvariantCulture);
            if (kept.Length > precision)
                exponent++;
        }
        kept = kept.TrimEnd('0');
        return (kept.Length == 0 ? "0" : kept, exponent, isNegative);
    }

    private static (string Digits, int Exponent, bool IsNegative) Parts(string text)
    {
        var isNegative = text[0] == '-';
        var mark = text.IndexOf('E', StringComparison.Ordinal);
        var mantissa = text[(isNegative ? 1 : 0)..mark];
        var exponent = int.Parse(text.AsSpan(mark + 1), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture);
        var point = mantissa.IndexOf('.', StringComparison.Ordinal);
        exponent += (point < 0 ? mantissa.Length : point) - 1;
        var digits = mantissa.Replace(".", "", StringComparison.Ordinal);
        var leading = digits.Length - digits.TrimStart('0').Length;
        digits = digits.Trim('0');
        return digits.Length == 0 ? ("0", 0, isNegative) : (digits, exponent - leading, isNegative);
    }

    private static string Positional(string digits, int exponent) =>
        exponent switch
        {
            < 0 => "0." + new string('0', -exponent - 1) + digits,
            _ when exponent >= digits.Length - 1 => digits + new string('0', exponent - digits.Length + 1),
            _ => digits[..(exponent + 1)] + "." + digits[(exponent + 1)..],
        };
}
