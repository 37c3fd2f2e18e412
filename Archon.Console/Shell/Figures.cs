using System.Globalization;

namespace Archon.Shell;

/// <summary>Values with their units, three significant digits: <c>120 ms</c>, <c>1.24 k/s</c>, <c>6.4 %</c>, <c>3.24 GiB</c>.</summary>
public static class Figures
{
    private static readonly string[] Decimal = ["", " k", " M", " G", " T"];
    private static readonly string[] Binary = [" B", " KiB", " MiB", " GiB", " TiB", " PiB"];

    /// <param name="unit">UCUM as in a watch: <c>s</c>, <c>1</c> (a share, shown in per cent), <c>By</c>, <c>By/s</c>, <c>1/s</c>; anything else is shown as it is.</param>
    public static string Format(double? value, string unit)
    {
        if (value is not { } v || double.IsNaN(v)) return "no value";
        if (double.IsInfinity(v)) return v > 0 ? "infinite" : "minus infinite";
        // UCUM's braces hold a remark, such as what is counted, and no unit: 1/s and {request}/s are the same.
        var remark = unit.IndexOf('{', StringComparison.Ordinal);
        if (remark >= 0 && unit.IndexOf('}', remark) is > 0 and var close) unit = unit.Remove(remark, close - remark + 1);
        return unit switch
        {
            "1" => $"{Digits(v * 100)} %",
            "s" => Seconds(v),
            "By" => Scaled(v, 1024, Binary),
            "By/s" => Scaled(v, 1024, Binary) + "/s",
            "1/s" or "/s" => Scaled(v, 1000, Decimal) + "/s",
            "" => Scaled(v, 1000, Decimal),
            _ => $"{Scaled(v, 1000, Decimal)} {unit}",
        };
    }

    private static string Seconds(double v) => Math.Abs(v) switch
    {
        0 => "0 s",
        < 1e-3 => $"{Digits(v * 1e6)} µs",
        < 1 => $"{Digits(v * 1e3)} ms",
        < 120 => $"{Digits(v)} s",
        < 7200 => $"{Digits(v / 60)} min",
        < 172_800 => $"{Digits(v / 3600)} h",
        _ => $"{Digits(v / 86_400)} d",
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
        if (size == 0) return "0";
        if (size < 1e-6) return v.ToString("0.0e0", CultureInfo.InvariantCulture);
        if (size < 0.001) return v.ToString("0.######", CultureInfo.InvariantCulture);
        var decimals = size >= 100 ? 0 : size >= 10 ? 1 : size >= 0.1 ? 2 : 3;
        var text = Math.Round(v, decimals).ToString(decimals == 0 ? "0" : "0." + new string('#', decimals), CultureInfo.InvariantCulture);
        return size >= 10_000 ? Math.Round(v).ToString("#,0", Grouping) : text;
    }

    // A thin space groups digits without being taken for a decimal mark.
    private static readonly NumberFormatInfo Grouping = new() { NumberGroupSeparator = "\u2009" };
}
