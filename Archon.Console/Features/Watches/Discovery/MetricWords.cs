using System.Text.RegularExpressions;

namespace Archon.Features.Watches.Discovery;

/// <summary>The words of a metric's name and what they say about it.</summary>
internal sealed partial class MetricWords
{
    private const int LongestTitle = 80;

    private static readonly Dictionary<string, (string Unit, double PerSecond)> TimeUnits = new(StringComparer.Ordinal)
    {
        ["seconds"] = ("s", 1),
        ["second"] = ("s", 1),
        ["secs"] = ("s", 1),
        ["s"] = ("s", 1),
        ["milliseconds"] = ("ms", 1e3),
        ["millis"] = ("ms", 1e3),
        ["msec"] = ("ms", 1e3),
        ["ms"] = ("ms", 1e3),
        ["microseconds"] = ("us", 1e6),
        ["micros"] = ("us", 1e6),
        ["us"] = ("us", 1e6),
        ["nanoseconds"] = ("ns", 1e9),
        ["nanos"] = ("ns", 1e9),
        ["ns"] = ("ns", 1e9),
    };

    private static readonly HashSet<string> Times =
    [
        "duration",
        "durations",
        "latency",
        "latencies",
        "time",
        "elapsed",
        "handling",
        "processing",
    ];
    private static readonly HashSet<string> Resolutions = ["highr", "lowr", "histogram", "hist", "summary", "distribution", "bucketed"];

    private static readonly HashSet<string> Suffixes = ["total", "bucket", "count", "sum", "created", "info", "max", "min"];

    private MetricWords(string name, IReadOnlyList<string> all)
    {
        Name = name;
        All = all;
        Set = all.ToHashSet(StringComparer.Ordinal);
    }

    public string Name { get; }

    /// <summary>In lower case, in order, without the ending that says which series of the metric it is.</summary>
    public IReadOnlyList<string> All { get; }

    public IReadOnlySet<string> Set { get; }

    public string Last => All.Count == 0 ? "" : All[^1];

    /// <summary>The unit of time in the name; null where there is none.</summary>
    public (string Unit, double PerSecond)? Time
    {
        get
        {
            foreach (var word in All.Reverse())
            {
                if (TimeUnits.TryGetValue(word, out var unit) && (word.Length > 1 || word == Last))
                    return unit;
            }
            return null;
        }
    }

    public bool IsTime => Set.Overlaps(Times);

    public static (string Unit, double PerSecond)? TimeUnit(string? unit) =>
        unit is not null && TimeUnits.TryGetValue(unit, out var found) ? found : null;

    /// <summary>What the metric is about: two metrics of one stem speak of the same requests.</summary>
    public string Stem => string.Join(' ', StemWords());

    /// <summary>The stem as the beginning of the title of a watch: <c>Shop HTTP</c>.</summary>
    public string Title
    {
        get
        {
            var words = StemWords().Where(word => word is not ("request" or "server")).ToList();
            return Sentence(words.Count == 0 ? All : words);
        }
    }

    /// <summary>All words as a title: <c>HTTP requests in flight</c>.</summary>
    public string Whole => Sentence(All);

    public static MetricWords Of(string name)
    {
        var words = Word()
            .Matches(name)
            .Select(match => match.Value.ToLowerInvariant())
            .Select(word => word is "rq" or "req" or "reqs" ? "requests" : word)
            .ToList();
        while (words.Count > 1 && Suffixes.Contains(words[^1]))
            words.RemoveAt(words.Count - 1);
        return new MetricWords(name, words);
    }

    private IEnumerable<string> StemWords() =>
        All.Where(word => !TimeUnits.ContainsKey(word) && !Times.Contains(word) && !Resolutions.Contains(word))
            .Select(Singular)
            .Where(word => word is not ("handled" or "received" or "processed" or "served" or "completed" or "count" or "number"))
            .Distinct();

    private static string Sentence(IEnumerable<string> words)
    {
        var title = string.Join(' ', words.Where(word => !TimeUnits.ContainsKey(word)).Select(Written));
        if (title.Length > LongestTitle)
            title = title[..LongestTitle];
        return title.Length > 0 && char.IsLower(title[0]) && !title.StartsWith("gRPC", StringComparison.Ordinal)
            ? char.ToUpperInvariant(title[0]) + title[1..]
            : title;
    }

    private static string Singular(string word) =>
        word switch
        {
            "queries" => "query",
            "status" or "process" => word,
            _ when word.Length > 3 && word.EndsWith('s') && !word.EndsWith("ss", StringComparison.Ordinal) => word[..^1],
            _ => word,
        };

    private static string Written(string word) =>
        word switch
        {
            "http" or "rpc" or "api" or "db" or "sql" or "cpu" or "io" or "tcp" or "dns" or "tls" => word.ToUpperInvariant(),
            "grpc" => "gRPC",
            _ => word,
        };

    [GeneratedRegex("[A-Z]?[a-z]+|[A-Z]+(?![a-z])|[0-9]+|\\p{L}+", RegexOptions.CultureInvariant)]
    private static partial Regex Word();
}
