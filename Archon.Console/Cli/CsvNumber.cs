using System.Globalization;

namespace Archon.Cli;

/// <summary>Reads numbers of files as Prometheus and most other programs write them.</summary>
internal static class CsvNumber
{
    /// <param name="text">A decimal number, <c>NaN</c>, <c>Inf</c> or <c>Infinity</c>, with or without a sign and in any case.</param>
    public static bool TryParse(ReadOnlySpan<char> text, out double value)
    {
        text = text.Trim();
        if (double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out value))
            return true;
        var sign = text is ['-', ..] ? -1 : 1;
        var word = text is ['-' or '+', ..] ? text[1..] : text;
        var isInfinite =
            word.Equals("inf", StringComparison.OrdinalIgnoreCase) || word.Equals("infinity", StringComparison.OrdinalIgnoreCase);
        value = isInfinite ? sign * double.PositiveInfinity : double.NaN;
        return isInfinite || word.Equals("nan", StringComparison.OrdinalIgnoreCase);
    }
}
