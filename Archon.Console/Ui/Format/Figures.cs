using System.Globalization;

namespace Archon.Ui.Format;

/// <summary>Values with their units, three significant digits: <c>120 ms</c>, <c>1.24 k/s</c>, <c>6.4 %</c>, <c>3.24 GiB</c>.</summary>
public static class Figures
{
    // A unit never goes to the next line without its number.
    private const char Gap = '\u00A0';

    // Nothing that is measured is as large: exporters write the largest double where they have no value.
    private const double MostShown = 1e18;
    private static readonly string[] Decimal = ["", $"{Gap}k", $"{Gap}M", $"{Gap}G", $"{Gap}T"];
    private static readonly string[] Binary = [$"{Gap}B", $"{Gap}KiB", $"{Gap}MiB", $"{Gap}GiB", $"{Gap}TiB", $"{Gap}PiB"];

    /// <summary>Whether a value can be drawn and compared: neither infinite nor so large that it stands for no value.</summary>
    public static bool IsMeasurement(double value) => Math.Abs(value) < MostShown;

    /// <summary>With ordinary spaces, for programs and logs.</summary>
    public static string Plain(string text) => text.Replace(Gap, ' ');

    /// <summary>How many of something: <c>8,412</c>.</summary>
    public static string Count(long number) => number.ToString("#,0", CultureInfo.InvariantCulture);

    /// <param name="unit">UCUM as in a watch: <c>s</c>, <c>1</c> (a share, shown in per cent), <c>By</c>, <c>By/s</c>, <c>1/s</c>; anything else is shown as it is.</param>
    public static string Format(double? value, string unit)
    {
        if (value is not { } v || double.IsNaN(v))
            return "no value";
        if (double.IsInfinity(v))
            return v > 0 ? "infinite" : "minus infinite";
        if (!IsMeasurement(v))
            return "out of range";
        // Cores: of one core people speak in per cent.
        if (unit == "{cpu}")
            return $"{Digits(v * 100)}{Gap}%";
        // UCUM's braces hold a remark, such as what is counted, and no unit: 1/s and {request}/s are the same.
        var remark = unit.IndexOf('{', StringComparison.Ordinal);
        if (remark >= 0 && unit.IndexOf('}', remark) is > 0 and var close)
            unit = unit.Remove(remark, close - remark + 1);
        return unit switch
        {
            "1" => $"{Digits(v * 100)}{Gap}%",
            "s" => Seconds(v),
            "By" => Scaled(v, 1024, Binary),
            "By/s" => Scaled(v, 1024, Binary) + "/s",
            "1/s" or "/s" => Scaled(v, 1000, Decimal) + "/s",
            "" => Scaled(v, 1000, Decimal),
            _ => $"{Scaled(v, 1000, Decimal)}{Gap}{Outside.Text(unit)}",
        };
    }

    /// <summary>Both ends, the unit said once where they share it: <c>0.38 to 0.52 s</c>.</summary>
    public static string Range(double lower, double upper, string unit)
    {
        var (from, to) = (Format(lower, unit), Format(upper, unit));
        var (fromUnit, toUnit) = (Suffix(from), Suffix(to));
        // An end at zero has no unit of its own.
        if (lower == 0 && fromUnit != toUnit)
            return $"0 to {to}";
        return fromUnit.Length > 0 && fromUnit == toUnit ? $"{from[..^fromUnit.Length].TrimEnd()} to {to}" : $"{from} to {to}";
    }

    private static string Suffix(string figure)
    {
        var last = figure.AsSpan().LastIndexOfAnyInRange('0', '9');
        return last < 0 ? "" : figure[(last + 1)..];
    }

    private static string Seconds(double v) =>
        Math.Abs(v) switch
        {
            0 => $"0{Gap}s",
            < 1e-3 => $"{Digits(v * 1e6)}{Gap}µs",
            < 1 => $"{Digits(v * 1e3)}{Gap}ms",
            < 120 => $"{Digits(v)}{Gap}s",
            < 7200 => $"{Digits(v / 60)}{Gap}min",
            < 172_800 => $"{Digits(v / 3600)}{Gap}h",
            _ => $"{Digits(v / 86_400)}{Gap}d",
        };

    private static string Scaled(double v, double step, string[] names)
    {
        var place = 0;
        // 999.7 would round to 1000 of the smaller unit.
        while (Math.Abs(v) >= step * 0.9995 && place < names.Length - 1)
        {
            v /= step;
            place++;
        }
        return Digits(v) + names[place];
    }

    private static string Digits(double v)
    {
        var size = Math.Abs(v);
        if (size == 0)
            return "0";
        if (size < 1e-6)
            return v.ToString("0.0e0", CultureInfo.InvariantCulture);
        if (size < 0.001)
            return v.ToString("0.######", CultureInfo.InvariantCulture);
        var decimals =
            size >= 100 ? 0
            : size >= 10 ? 1
            : size >= 0.1 ? 2
            : 3;
        var text = Math.Round(v, decimals).ToString(decimals == 0 ? "0" : "0." + new string('#', decimals), CultureInfo.InvariantCulture);
        return size >= 10_000 ? Math.Round(v).ToString("#,0", Grouping) : text;
    }

    // A thin space groups digits without being taken for a decimal mark; this one keeps them on one line.
    private static readonly NumberFormatInfo Grouping = new() { NumberGroupSeparator = "\u202F" };
}
