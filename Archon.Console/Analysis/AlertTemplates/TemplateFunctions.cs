using System.Globalization;
using System.Text;
using Archon.Analysis.Promql;

namespace Archon.Analysis.AlertTemplates;

/// <summary>The functions of a rule's templates: those of Go, then those of Prometheus.</summary>
internal static class TemplateFunctions
{
    public static readonly IReadOnlySet<string> Names = new HashSet<string>(StringComparer.Ordinal)
    {
        "and",
        "or",
        "not",
        "len",
        "index",
        "slice",
        "print",
        "printf",
        "println",
        "html",
        "js",
        "urlquery",
        "call",
        "eq",
        "ne",
        "lt",
        "le",
        "gt",
        "ge",
        "query",
        "first",
        "label",
        "value",
        "strvalue",
        "args",
        "reReplaceAll",
        "safeHtml",
        "match",
        "title",
        "toUpper",
        "toLower",
        "graphLink",
        "tableLink",
        "sortByLabel",
        "stripPort",
        "stripDomain",
        "humanize",
        "humanize1024",
        "humanizeDuration",
        "humanizePercentage",
        "humanizeTimestamp",
        "toTime",
        "toDuration",
        "now",
        "pathPrefix",
        "externalURL",
        "parseDuration",
        "urlQueryEscape",
    };

    private const int CharactersPerStep = 50;

    // A question to the server takes as long as some hundred steps.
    private const int StepsPerQuery = 500;
    private static readonly string[] Large = ["k", "M", "G", "T", "P", "E", "Z", "Y"];
    private static readonly string[] Small = ["m", "u", "n", "p", "f", "a", "z", "y"];
    private static readonly string[] Binary = ["ki", "Mi", "Gi", "Ti", "Pi", "Ei", "Zi", "Yi"];

    public static object? Call(string name, IReadOnlyList<object?> arguments, TemplateRun run)
    {
        try
        {
            // What is read costs time and what is written memory as well.
            run.Step(1 + (arguments.Sum(argument => (argument as string)?.Length ?? 0) / CharactersPerStep));
            var value = Apply(name, arguments, run);
            if (value is string text)
                run.Make(text.Length);
            return value;
        }
        catch (Exception fault) when (fault is FormatException or InvalidCastException or ArgumentException or OverflowException)
        {
            throw new AlertTemplateException($"error calling {name}: {fault.Message}");
        }
    }

    private static object? Apply(string name, IReadOnlyList<object?> arguments, TemplateRun run)
    {
        switch (name)
        {
            case "not":
                return !TemplateValues.IsTrue(One());
            case "len":
                return Length(One());
            case "index":
                return Index(arguments);
            case "slice":
                return Slice(arguments);
            case "print":
                return GoPrint.Print(arguments);
            case "println":
                return GoPrint.PrintLine(arguments);
            case "printf":
                return arguments.Count > 0 ? GoPrint.Format(Text(0), [.. arguments.Skip(1)]) : throw Count("at least 1");
            case "html":
                return Html(GoPrint.Print(arguments));
            case "js":
                return Script(GoPrint.Print(arguments));
            case "urlquery":
                return Query(GoPrint.Print(arguments));
            case "urlQueryEscape":
                return Query(OneText());
            case "eq":
                return arguments.Count >= 2
                    ? arguments.Skip(1).Any(other => Compare(arguments[0], other, name) == 0)
                    : throw new AlertTemplateException("error calling eq: missing argument for comparison");
            case "ne":
                return Two(name) != 0;
            case "lt":
                return Two(name) < 0;
            case "le":
                return Two(name) <= 0;
            case "gt":
                return Two(name) is not null and > 0;
            case "ge":
                return Two(name) is not null and >= 0;
            case "query":
                run.Step(StepsPerQuery);
                return (run.Data.Query ?? throw new AlertTemplateException("error calling query: no server to ask here"))(OneText());
            case "first":
                return Samples(One()) is [var first, ..]
                    ? first
                    : throw new AlertTemplateException("error calling first: first() called on vector with no elements");
            case "label":
                return Sample(1).Labels.GetValueOrDefault(Text(0), "");
            case "value":
                return Sample(0).Value;
            case "strvalue":
                return Sample(0).Labels.GetValueOrDefault("__value__", "");
            case "args":
                return arguments
                    .Select((value, i) => (Key: $"arg{i}", Value: value))
                    .ToDictionary(pair => pair.Key, pair => pair.Value, StringComparer.Ordinal);
            case "reReplaceAll":
                Scan(Text(0), Text(2));
                return Re2.Replace(Text(0), Text(1), Text(2), InputLimits.TemplateText);
            case "match":
                Scan(Text(0), Text(1));
                return Re2.Finds(Text(0), Text(1));
            case "safeHtml":
                return OneText();
            case "title":
                return Title(OneText());
            case "toUpper":
                return OneText().ToUpperInvariant();
            case "toLower":
                return OneText().ToLowerInvariant();
            case "graphLink":
                return $"/graph?g0.expr={Query(OneText())}&g0.tab=0";
            case "tableLink":
                return $"/graph?g0.expr={Query(OneText())}&g0.tab=1";
            case "sortByLabel":
                return Samples(arguments[1])
                    .OrderBy(sample => sample.Labels.GetValueOrDefault(Text(0), ""), StringComparer.Ordinal)
                    .ToList();
            case "stripPort":
                return StripPort(OneText());
            case "stripDomain":
                return StripDomain(OneText());
            case "humanize":
                return Humanize(TemplateValues.Float(One()));
            case "humanize1024":
                return Humanize1024(TemplateValues.Float(One()));
            case "humanizeDuration":
                return HumanizeDuration(TemplateValues.Float(One()));
            case "humanizePercentage":
                return GoText.General(TemplateValues.Float(One()) * 100, 4) + "%";
            case "humanizeTimestamp":
                return TemplateValues.Float(One()) is var at && double.IsFinite(at)
                    ? TemplateValues.Time(ToTime(at))
                    : GoText.General(at, 4);
            case "toTime":
                return ToTime(TemplateValues.Float(One()));
            case "toDuration":
                return TimeSpan.FromSeconds(TemplateValues.Float(One()));
            case "now":
                return run.Data.At.ToUnixTimeMilliseconds() / 1000.0;
            case "pathPrefix":
                return Uri.TryCreate(run.Data.ExternalUrl, UriKind.Absolute, out var address) ? address.AbsolutePath.TrimEnd('/') : "";
            case "externalURL":
                return run.Data.ExternalUrl;
            case "parseDuration":
                return ParseDuration(OneText());
            default:
                throw new AlertTemplateException($"function {GoText.Quote(name)} cannot be called");
        }

        // The engine's worst case is the length of the pattern times that of the text.
        void Scan(string pattern, string text) => run.Step(10 + ((long)pattern.Length * text.Length / CharactersPerStep));
        object? One() => arguments.Count == 1 ? arguments[0] : throw Count("1");
        string OneText() => TemplateValues.Text(One(), name);
        string Text(int i) =>
            i < arguments.Count ? TemplateValues.Text(arguments[i], name) : throw Count((i + 1).ToString(CultureInfo.InvariantCulture));
        int? Two(string comparison) => arguments.Count == 2 ? Compare(arguments[0], arguments[1], comparison) : throw Count("2");
        TemplateSample Sample(int i) =>
            i < arguments.Count && arguments[i] is TemplateSample sample
                ? sample
                : throw new AlertTemplateException(
                    $"error calling {name}: wrong type for value; expected *template.sample; "
                        + $"got {TemplateValues.Kind(arguments.ElementAtOrDefault(i))}"
                );
        AlertTemplateException Count(string wanted) => new($"wrong number of args for {name}: want {wanted} got {arguments.Count}");
    }

    private static IReadOnlyList<TemplateSample> Samples(object? value) =>
        value as IReadOnlyList<TemplateSample>
        ?? throw new AlertTemplateException($"wrong type for value; expected template.queryResult; got {TemplateValues.Kind(value)}");

    private static long Length(object? value) =>
        value switch
        {
            string text => Encoding.UTF8.GetByteCount(text),
            IReadOnlyDictionary<string, string> map => map.Count,
            System.Collections.ICollection list => list.Count,
            _ => throw new AlertTemplateException($"error calling len: len of type {TemplateValues.Kind(value)}"),
        };

    private static object? Index(IReadOnlyList<object?> arguments)
    {
        if (arguments.Count == 0)
            throw new AlertTemplateException("wrong number of args for index: want at least 1 got 0");
        var value = arguments[0];
        foreach (var key in arguments.Skip(1))
        {
            value = (value, key) switch
            {
                (IReadOnlyDictionary<string, string> map, string name) => map.GetValueOrDefault(name, ""),
                (IReadOnlyDictionary<string, object?> map, string name) => map.GetValueOrDefault(name),
                (IReadOnlyList<TemplateSample> list, long at) => at >= 0 && at < list.Count
                    ? list[(int)at]
                    : throw new AlertTemplateException($"error calling index: index out of range: {at}"),
                _ => throw new AlertTemplateException($"error calling index: can't index item of type {TemplateValues.Kind(value)}"),
            };
        }
        return value;
    }

    private static object Slice(IReadOnlyList<object?> arguments)
    {
        var bounds = arguments
            .Skip(1)
            .Select(one =>
                one is not long at ? throw new AlertTemplateException("error calling slice: cannot index slice with that type")
                : at is >= 0 and <= int.MaxValue ? (int)at
                : throw new AlertTemplateException($"error calling slice: index out of range: {at}")
            )
            .ToList();
        var from = bounds.ElementAtOrDefault(0);
        switch (arguments.ElementAtOrDefault(0))
        {
            case string text:
                var bytes = Encoding.UTF8.GetBytes(text);
                var end = bounds.Count > 1 ? bounds[1] : bytes.Length;
                return from >= 0 && from <= end && end <= bytes.Length
                    ? Encoding.UTF8.GetString(bytes, from, end - from)
                    : throw new AlertTemplateException($"error calling slice: index out of range: {end}");
            case IReadOnlyList<TemplateSample> list:
                var last = bounds.Count > 1 ? bounds[1] : list.Count;
                return from >= 0 && from <= last && last <= list.Count
                    ? list.Skip(from).Take(last - from).ToList()
                    : throw new AlertTemplateException($"error calling slice: index out of range: {last}");
            case var other:
                throw new AlertTemplateException($"error calling slice: can't slice item of type {TemplateValues.Kind(other)}");
        }
    }

    /// <summary>Null when one of two numbers is none, for then no comparison but "not equal" holds.</summary>
    private static int? Compare(object? left, object? right, string name) =>
        (left, right) switch
        {
            (double one, double other) => double.IsNaN(one) || double.IsNaN(other) ? null : one.CompareTo(other),
            (long one, long other) => one.CompareTo(other),
            (TimeSpan one, TimeSpan other) => one.CompareTo(other),
            (string one, string other) => string.CompareOrdinal(one, other),
            (bool one, bool other) when name is "eq" or "ne" => one == other ? 0 : 1,
            (bool, bool) => throw new AlertTemplateException($"error calling {name}: invalid type for comparison"),
            (null, null) when name is "eq" or "ne" => 0,
            _ => throw new AlertTemplateException($"error calling {name}: incompatible types for comparison"),
        };

    private static string Humanize(double value)
    {
        if (value == 0 || !double.IsFinite(value))
            return GoText.General(value, 4);
        var unit = "";
        if (Math.Abs(value) >= 1)
        {
            foreach (var next in Large)
            {
                if (Math.Abs(value) < 1000)
                    break;
                (unit, value) = (next, value / 1000);
            }
        }
        else
        {
            foreach (var next in Small)
            {
                if (Math.Abs(value) >= 1)
                    break;
                (unit, value) = (next, value * 1000);
            }
        }
        return GoText.General(value, 4) + unit;
    }

    private static string Humanize1024(double value)
    {
        if (Math.Abs(value) <= 1 || !double.IsFinite(value))
            return GoText.General(value, 4);
        var unit = "";
        foreach (var next in Binary)
        {
            if (Math.Abs(value) < 1024)
                break;
            (unit, value) = (next, value / 1024);
        }
        return GoText.General(value, 4) + unit;
    }

    private static string HumanizeDuration(double value)
    {
        if (!double.IsFinite(value))
            return GoText.General(value, 4);
        if (value == 0)
            return GoText.General(value, 4) + "s";
        if (Math.Abs(value) >= 1)
        {
            var (sign, size) = (value < 0 ? "-" : "", Math.Abs(value));
            var whole = (long)size;
            var (days, hours, minutes, seconds) = (whole / 86400, whole / 3600 % 24, whole / 60 % 60, whole % 60);
            if (days != 0)
                return $"{sign}{days}d {hours}h {minutes}m {seconds}s";
            if (hours != 0)
                return $"{sign}{hours}h {minutes}m {seconds}s";
            return minutes != 0 ? $"{sign}{minutes}m {seconds}s" : $"{sign}{GoText.General(size, 4)}s";
        }
        var unit = "";
        foreach (var next in Small)
        {
            if (Math.Abs(value) >= 1)
                break;
            (unit, value) = (next, value * 1000);
        }
        return $"{GoText.General(value, 4)}{unit}s";
    }

    private static DateTimeOffset ToTime(double seconds) =>
        double.IsFinite(seconds) && Math.Abs(seconds) < 9.2e9
            ? DateTimeOffset.FromUnixTimeMilliseconds((long)Math.Floor(seconds * 1000))
            : throw new AlertTemplateException(
                $"{GoText.Value(seconds)} cannot be represented as a nanoseconds timestamp since it overflows int64"
            );

    private static double ParseDuration(string text)
    {
        var isNegative = text.StartsWith('-');
        if (!PrometheusDuration.TryParse(isNegative ? text[1..] : text, out var length))
        {
            throw new AlertTemplateException($"error calling parseDuration: not a valid duration string: {GoText.Quote(text)}");
        }
        return isNegative ? -length.TotalSeconds : length.TotalSeconds;
    }

    private static string StripPort(string address) => Split(address) is ({ } host, _) ? host : address;

    private static string StripDomain(string address)
    {
        var (host, port) = Split(address);
        host ??= address;
        if (IsAddress(host))
            return address;
        host = host.Split('.')[0];
        return string.IsNullOrEmpty(port) ? host : $"{host}:{port}";
    }

    /// <summary>Both null where it is no host with a port.</summary>
    private static (string? Host, string? Port) Split(string address)
    {
        var colon = address.LastIndexOf(':');
        if (colon < 0)
            return (null, null);
        var host = address[..colon];
        if (host.StartsWith('['))
        {
            return host.EndsWith(']') ? (host[1..^1], address[(colon + 1)..]) : (null, null);
        }
        return host.Contains(':', StringComparison.Ordinal) ? (null, null) : (host, address[(colon + 1)..]);
    }

    private static bool IsAddress(string host) => Uri.CheckHostName(host) is UriHostNameType.IPv4 or UriHostNameType.IPv6;

    private static string Title(string text)
    {
        var title = new StringBuilder(text.Length);
        var isInWord = false;
        foreach (var rune in text.EnumerateRunes())
        {
            var isWord = Rune.IsLetterOrDigit(rune) || rune.Value is '_' or '\'';
            title.Append(isWord && !isInWord ? Rune.ToUpperInvariant(rune).ToString() : rune.ToString());
            isInWord = isWord;
        }
        return title.ToString();
    }

    private static string Query(string text) => Uri.EscapeDataString(text).Replace("%20", "+", StringComparison.Ordinal);

    private static string Html(string text) =>
        text.Replace("&", "&amp;", StringComparison.Ordinal)
            .Replace("'", "&#39;", StringComparison.Ordinal)
            .Replace("<", "&lt;", StringComparison.Ordinal)
            .Replace(">", "&gt;", StringComparison.Ordinal)
            .Replace("\"", "&#34;", StringComparison.Ordinal);

    private static string Script(string text) =>
        text.Replace(@"\", @"\\", StringComparison.Ordinal)
            .Replace("'", @"\'", StringComparison.Ordinal)
            .Replace("\"", "\\\"", StringComparison.Ordinal)
            .Replace("<", @"\u003C", StringComparison.Ordinal)
            .Replace(">", @"\u003E", StringComparison.Ordinal)
            .Replace("&", @"\u0026", StringComparison.Ordinal)
            .Replace("=", @"\u003D", StringComparison.Ordinal);
}
