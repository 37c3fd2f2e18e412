using System.Collections;
using System.Globalization;
using System.Text;

namespace Archon.Analysis.AlertTemplates;

/// <summary>Values as Go's templates see them: text, float64, int (a long here), bool, maps, samples and lists of them.</summary>
internal static class TemplateValues
{
    public static bool IsTrue(object? value) =>
        value switch
        {
            null => false,
            bool one => one,
            string one => one.Length > 0,
            double one => one != 0,
            long one => one != 0,
            TimeSpan one => one != TimeSpan.Zero,
            ICollection one => one.Count > 0,
            IReadOnlyDictionary<string, string> one => one.Count > 0,
            _ => true,
        };

    /// <summary>As <c>fmt.Print</c> writes it.</summary>
    /// <exception cref="InputLimitException">It is more text, or nested deeper, than a template may make.</exception>
    public static string Print(object? value)
    {
        if (value is string plain)
            return plain;
        var text = new StringBuilder();
        Print(value, text, 0);
        return text.ToString();
    }

    // A map of the function "args" can hold another twice, and that one another twice: what is printed is counted as it grows.
    private static void Print(object? value, StringBuilder text, int depth)
    {
        InputLimits.TemplateDepth.Check(depth);
        switch (value)
        {
            case null:
                text.Append("<no value>");
                break;
            case string one:
                text.Append(one);
                break;
            case double one:
                text.Append(GoText.Value(one));
                break;
            case bool one:
                text.Append(one ? "true" : "false");
                break;
            case long one:
                text.Append(CultureInfo.InvariantCulture, $"{one}");
                break;
            case DateTimeOffset one:
                text.Append(Time(one));
                break;
            case TimeSpan one:
                text.Append(Duration(one));
                break;
            case IReadOnlyDictionary<string, string> one:
                Map(one, text, depth);
                break;
            case IReadOnlyDictionary<string, object?> one:
                Map(one, text, depth);
                break;
            case TemplateSample one:
                Joined("{", [one.Labels, one.Value], "}", text, depth);
                break;
            case TemplateRoot one:
                Joined("{", [one.Data.Labels, one.Data.ExternalLabels, one.Data.ExternalUrl, one.Data.Value], "}", text, depth);
                break;
            case IEnumerable one:
                Joined("[", one.Cast<object?>(), "]", text, depth);
                break;
            default:
                throw new AlertTemplateException($"can't print {Kind(value)}");
        }
        InputLimits.TemplateText.Check(text.Length);
    }

    private static void Map<T>(IReadOnlyDictionary<string, T> map, StringBuilder text, int depth)
    {
        string[] keys = [.. map.Keys];
        Array.Sort(keys, StringComparer.Ordinal);
        var separator = "map[";
        foreach (var key in keys)
        {
            text.Append(separator).Append(key).Append(':');
            Print(map[key], text, depth + 1);
            separator = " ";
        }
        text.Append(map.Count == 0 ? "map[]" : "]");
    }

    private static void Joined(string open, IEnumerable<object?> values, string close, StringBuilder text, int depth)
    {
        text.Append(open);
        var separator = "";
        foreach (var value in values)
        {
            text.Append(separator);
            Print(value, text, depth + 1);
            separator = " ";
        }
        text.Append(close);
    }

    public static object? Field(object? of, string name) =>
        of switch
        {
            TemplateRoot root => name switch
            {
                "Labels" => root.Data.Labels,
                "ExternalLabels" => root.Data.ExternalLabels,
                "ExternalURL" => root.Data.ExternalUrl,
                "Value" => root.Data.Value,
                _ => throw NoField(of, name),
            },
            // A key that is not there is the zero value of the map's type.
            IReadOnlyDictionary<string, string> map => map.GetValueOrDefault(name, ""),
            IReadOnlyDictionary<string, object?> map => map.GetValueOrDefault(name),
            TemplateSample sample => name switch
            {
                "Labels" => sample.Labels,
                "Value" => sample.Value,
                _ => throw NoField(of, name),
            },
            null => throw new AlertTemplateException($"nil data; no entry for key {GoText.Quote(name)}"),
            _ => throw NoField(of, name),
        };

    public static IEnumerable<(object? Key, object? Item)> Items(object? value) =>
        value switch
        {
            null => [],
            IReadOnlyDictionary<string, string> map => map.OrderBy(pair => pair.Key, StringComparer.Ordinal)
                .Select(pair => ((object?)pair.Key, (object?)pair.Value)),
            IReadOnlyDictionary<string, object?> map => map.OrderBy(pair => pair.Key, StringComparer.Ordinal)
                .Select(pair => ((object?)pair.Key, pair.Value)),
            long count => Enumerable.Range(0, (int)Math.Clamp(count, 0, int.MaxValue)).Select(i => (object?)(long)i).Select(i => (i, i)),
            string => throw new AlertTemplateException($"range can't iterate over {value}"),
            IEnumerable list => list.Cast<object?>().Select((item, i) => ((object?)(long)i, item)),
            _ => throw new AlertTemplateException($"range can't iterate over {Print(value)}"),
        };

    /// <exception cref="AlertTemplateException">It is no number and none can be read from it.</exception>
    public static double Float(object? value) =>
        value switch
        {
            double one => one,
            long one => one,
            TimeSpan one => one.TotalSeconds,
            string one => ParseFloat(one),
            _ => throw new AlertTemplateException($"can't convert {Kind(value)} to float"),
        };

    public static string Text(object? value, string function) =>
        value as string
        ?? throw new AlertTemplateException($"error calling {function}: wrong type for value; expected string; got {Kind(value)}");

    public static string Kind(object? value) =>
        value switch
        {
            null => "nil",
            string => "string",
            double => "float64",
            long => "int",
            bool => "bool",
            TimeSpan => "time.Duration",
            DateTimeOffset => "time.Time",
            IReadOnlyDictionary<string, string> => "map[string]string",
            IReadOnlyDictionary<string, object?> => "map[string]interface {}",
            TemplateSample => "*template.sample",
            IReadOnlyList<TemplateSample> => "template.queryResult",
            _ => value.GetType().Name,
        };

    /// <summary>As Go prints a time in UTC.</summary>
    public static string Time(DateTimeOffset at)
    {
        var fraction = at.UtcDateTime.Ticks % TimeSpan.TicksPerSecond;
        var decimals = fraction == 0 ? "" : "." + fraction.ToString("0000000", CultureInfo.InvariantCulture).TrimEnd('0');
        return at.UtcDateTime.ToString("yyyy-MM-dd HH:mm:ss", CultureInfo.InvariantCulture) + decimals + " +0000 UTC";
    }

    /// <summary>As Go prints a duration: <c>1h2m3.5s</c>.</summary>
    private static string Duration(TimeSpan length)
    {
        if (length == TimeSpan.Zero)
            return "0s";
        var (sign, rest) = (length < TimeSpan.Zero ? "-" : "", length.Duration());
        if (rest < TimeSpan.FromMilliseconds(1))
            return $"{sign}{GoText.Plain(rest.TotalMicroseconds)}µs";
        if (rest < TimeSpan.FromSeconds(1))
            return $"{sign}{GoText.Plain(rest.TotalMilliseconds)}ms";
        var seconds = GoText.Plain((rest.Ticks % TimeSpan.TicksPerMinute) / (double)TimeSpan.TicksPerSecond) + "s";
        if (rest < TimeSpan.FromMinutes(1))
            return sign + seconds;
        var minutes = $"{rest.Minutes}m{seconds}";
        return rest < TimeSpan.FromHours(1)
            ? sign + minutes
            : string.Create(CultureInfo.InvariantCulture, $"{sign}{(long)rest.TotalHours}h{minutes}");
    }

    private const NumberStyles Unspaced = NumberStyles.Float & ~(NumberStyles.AllowLeadingWhite | NumberStyles.AllowTrailingWhite);

    private static double ParseFloat(string text) =>
        text.TrimStart('+', '-').ToLowerInvariant() switch
        {
            "inf" or "infinity" => text[0] == '-' ? double.NegativeInfinity : double.PositiveInfinity,
            "nan" => double.NaN,
            _ => double.TryParse(text, Unspaced, CultureInfo.InvariantCulture, out var value)
                ? value
                : throw new AlertTemplateException($"strconv.ParseFloat: parsing {GoText.Quote(text)}: invalid syntax"),
        };

    private static AlertTemplateException NoField(object of, string name) => new($"can't evaluate field {name} in type {Kind(of)}");
}
