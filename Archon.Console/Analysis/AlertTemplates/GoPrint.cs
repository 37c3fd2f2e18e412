using System.Globalization;
using System.Text;

namespace Archon.Analysis.AlertTemplates;

/// <summary>Go's <c>fmt.Sprint</c> and <c>fmt.Sprintf</c> on the values of templates.</summary>
internal static class GoPrint
{
    // As in Go, a width or precision beyond this is taken for a slip.
    private const int MostWidth = 1_000_000;

    /// <summary>Spaces stand between two values where neither is a text.</summary>
    public static string Print(IReadOnlyList<object?> values)
    {
        var text = new StringBuilder();
        for (var i = 0; i < values.Count; i++)
        {
            if (i > 0 && values[i] is not string && values[i - 1] is not string)
                text.Append(' ');
            text.Append(values[i] is null ? "<nil>" : TemplateValues.Print(values[i]));
            InputLimits.TemplateText.Check(text.Length);
        }
        return text.ToString();
    }

    /// <summary>Spaces stand between all values.</summary>
    public static string PrintLine(IReadOnlyList<object?> values)
    {
        var text = new StringBuilder();
        for (var i = 0; i < values.Count; i++)
        {
            text.Append(i > 0 ? " " : "").Append(TemplateValues.Print(values[i]));
            InputLimits.TemplateText.Check(text.Length);
        }
        return text.Append('\n').ToString();
    }

    public static string Format(string format, IReadOnlyList<object?> values)
    {
        var text = new StringBuilder();
        var next = 0;
        for (var at = 0; at < format.Length; at++)
        {
            if (format[at] != '%')
            {
                text.Append(format[at]);
                continue;
            }
            at++;
            var flags = new HashSet<char>();
            while (at < format.Length && format[at] is '-' or '+' or '#' or ' ' or '0')
                flags.Add(format[at++]);
            var width = Number(format, ref at, values, ref next);
            int? precision = null;
            if (at < format.Length && format[at] == '.')
            {
                at++;
                precision = Number(format, ref at, values, ref next) ?? 0;
            }
            if (at >= format.Length)
            {
                text.Append("%!(NOVERB)");
                break;
            }
            var verb = format[at];
            if (verb == '%')
            {
                text.Append('%');
                continue;
            }
            if (next >= values.Count)
            {
                text.Append("%!").Append(verb).Append("(MISSING)");
                continue;
            }
            // Before it is made: a width is a few digits, whatever it asks for.
            InputLimits.TemplateText.Check(text.Length + (long)(width ?? 0) + (precision ?? 0));
            text.Append(Padded(One(verb, values[next++], flags, precision), width, flags));
            InputLimits.TemplateText.Check(text.Length);
        }
        if (next < values.Count)
        {
            text.Append("%!(EXTRA ");
            for (var i = next; i < values.Count; i++)
            {
                text.Append(i > next ? ", " : "")
                    .Append(values[i] is { } one ? $"{TemplateValues.Kind(one)}={TemplateValues.Print(one)}" : "<nil>");
                InputLimits.TemplateText.Check(text.Length);
            }
            text.Append(')');
        }
        return text.ToString();
    }

    private static int? Number(string format, ref int at, IReadOnlyList<object?> values, ref int next)
    {
        if (at < format.Length && format[at] == '*')
        {
            at++;
            return next < values.Count && values[next++] is long given && Math.Abs(given) <= MostWidth ? (int)given : null;
        }
        var start = at;
        while (at < format.Length && char.IsAsciiDigit(format[at]))
            at++;
        var digits = format.AsSpan(start, at - start);
        return at > start && int.TryParse(digits, CultureInfo.InvariantCulture, out var number) && number <= MostWidth ? number : null;
    }

    private static string One(char verb, object? value, HashSet<char> flags, int? precision)
    {
        switch (verb, value)
        {
            case ('v', null):
                return "<nil>";
            case ('v', double number):
                return Signed(precision is { } some ? GoText.General(number, Math.Clamp(some, 1, 17)) : GoText.Value(number), flags);
            case ('v', _):
                return TemplateValues.Print(value);
            case ('T', _):
                return TemplateValues.Kind(value);
            case ('s', string one):
                return precision is { } most ? string.Concat(one.EnumerateRunes().Take(most)) : one;
            case ('s', IReadOnlyDictionary<string, string> or TimeSpan or DateTimeOffset):
                return TemplateValues.Print(value);
            case ('q', string one):
                return GoText.Quote(one);
            case ('x' or 'X', string one):
                return Cased(Convert.ToHexStringLower(Encoding.UTF8.GetBytes(one)), verb);
            case ('t', bool one):
                return one ? "true" : "false";
            case ('d', long one):
                return Signed(one.ToString(CultureInfo.InvariantCulture), flags);
            case ('x' or 'X', long one):
                var hex = Math.Abs(one).ToString("x", CultureInfo.InvariantCulture);
                return Cased((one < 0 ? "-" : "") + (flags.Contains('#') ? "0x" : "") + hex, verb);
            case ('b', long one):
                return Convert.ToString(one, 2);
            case ('o', long one):
                return Convert.ToString(one, 8);
            case ('c', long one):
                return Rune.IsValid((int)one) ? new Rune((int)one).ToString() : "\ufffd";
            case ('q', long one):
                return $"'{(Rune.IsValid((int)one) ? new Rune((int)one).ToString() : "\ufffd")}'";
            case ('U', long one):
                return "U+" + one.ToString("X4", CultureInfo.InvariantCulture);
            case ('f' or 'F', double one):
                return Signed(Fixed(one, precision ?? 6), flags);
            case ('e' or 'E', double one):
                return Signed(Exponent(one, precision ?? 6, verb), flags);
            case ('g' or 'G', double one):
                return Signed(precision is { } digits ? GoText.General(one, Math.Clamp(digits, 1, 17)) : GoText.Value(one), flags);
            default:
                return $"%!{verb}({(value is null ? "<nil>" : $"{TemplateValues.Kind(value)}={TemplateValues.Print(value)}")})";
        }
    }

    private static string Fixed(double value, int decimals)
    {
        if (!double.IsFinite(value))
            return GoText.Plain(value);
        // Go rounds the exact value of the double, a half to the even digit; decimal has that value where it is small enough to matter.
        var exact = value.ToString("F40", CultureInfo.InvariantCulture);
        var point = exact.IndexOf('.', StringComparison.Ordinal);
        var kept = exact[..(point + 1 + Math.Min(decimals, 40))];
        var rest = exact[kept.Length..];
        var isUp =
            rest.Length > 0
            && (string.CompareOrdinal(rest.TrimEnd('0'), "5") is var order and not 0 ? order > 0 : (kept.TrimEnd('.')[^1] - '0') % 2 == 1);
        if (isUp)
            kept = Up(kept);
        if (decimals > 40)
            kept += new string('0', decimals - 40);
        return decimals == 0 ? kept.TrimEnd('.') : kept;
    }

    /// <summary>One more in the last place.</summary>
    private static string Up(string number)
    {
        var digits = number.ToCharArray();
        for (var i = digits.Length - 1; i >= 0; i--)
        {
            if (!char.IsAsciiDigit(digits[i]))
                continue;
            if (digits[i] != '9')
            {
                digits[i]++;
                return new string(digits);
            }
            digits[i] = '0';
        }
        var text = new string(digits);
        return text.StartsWith('-') ? "-1" + text[1..] : "1" + text;
    }

    private static string Exponent(double value, int decimals, char verb)
    {
        if (!double.IsFinite(value))
            return GoText.Plain(value);
        var text = value.ToString("E" + decimals.ToString(CultureInfo.InvariantCulture), CultureInfo.InvariantCulture);
        var mark = text.IndexOf('E', StringComparison.Ordinal);
        var exponent = int.Parse(text.AsSpan(mark + 1), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture);
        return $"{text[..mark]}{verb}{(exponent < 0 ? '-' : '+')}{Math.Abs(exponent):00}";
    }

    private static string Signed(string number, HashSet<char> flags) =>
        number[0] is '-' or '+' or 'N' ? number
        : flags.Contains('+') ? "+" + number
        : flags.Contains(' ') ? " " + number
        : number;

    private static string Padded(string one, int? width, HashSet<char> flags)
    {
        var missing = (width ?? 0) - one.EnumerateRunes().Count();
        if (missing <= 0)
            return one;
        if (flags.Contains('-'))
            return one + new string(' ', missing);
        if (!flags.Contains('0'))
            return new string(' ', missing) + one;
        return one[0] is '-' or '+' ? one[0] + new string('0', missing) + one[1..] : new string('0', missing) + one;
    }

    private static string Cased(string hex, char verb) => verb == 'X' ? hex.ToUpperInvariant() : hex;
}
