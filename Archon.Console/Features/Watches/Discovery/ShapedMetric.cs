using System.Text.RegularExpressions;

namespace Archon.Features.Watches.Discovery;

/// <summary>What the series of a metric are.</summary>
internal enum MetricForm
{
    Counter,

    /// <summary>A histogram of series with the ending <c>_bucket</c>.</summary>
    Classic,

    /// <summary>A histogram whose samples are whole histograms.</summary>
    Native,

    /// <summary>A sum and a count.</summary>
    Summary,
    Gauge,
}

/// <summary>A metric by its shape: what its series are, what its words say, and which golden signal that makes it.</summary>
/// <param name="Base">Its name, without the endings of a histogram's series.</param>
internal sealed partial record ShapedMetric(string Base, MetricForm Form, MetricWords Words)
{
    private static readonly HashSet<string> RequestNouns =
    [
        "requests",
        "request",
        "calls",
        "call",
        "rpcs",
        "rpc",
        "queries",
        "query",
        "handled",
        "invocations",
    ];

    private static readonly HashSet<string> WorkNouns =
    [
        "operations",
        "operation",
        "transactions",
        "transaction",
        "commands",
        "messages",
        "jobs",
        "tasks",
        "events",
        "processed",
        "executed",
        "completed",
        "consumed",
        "published",
        "served",
        "received",
        "executions",
        "runs",
    ];

    private static readonly HashSet<string> ErrorNouns =
    [
        "errors",
        "error",
        "failures",
        "failure",
        "failed",
        "exceptions",
        "timeouts",
        "rejected",
        "rejections",
        "aborted",
        "panics",
        "faults",
    ];

    private static readonly HashSet<string> UsedWords =
    [
        "used",
        "usage",
        "busy",
        "utilization",
        "utilisation",
        "saturation",
        "occupancy",
        "load",
        "full",
    ];

    /// <summary>The side that calls.</summary>
    private static readonly HashSet<string> ClientWords =
    [
        "client",
        "outgoing",
        "outbound",
        "egress",
        "upstream",
        "callee",
        "dependency",
        "dependencies",
        "external",
        "downstream",
        "driver",
        "consumer",
        "producer",
    ];

    /// <summary>Work of the program on itself.</summary>
    private static readonly HashSet<string> InternalWords =
    [
        "gc",
        "pause",
        "scrape",
        "scrapes",
        "wal",
        "compaction",
        "compactions",
        "lock",
        "mutex",
        "sched",
        "startup",
        "reload",
        "dial",
        "conntrack",
        "promhttp",
        "exporter",
        "collector",
        "telemetry",
        "connections",
        "connection",
        "cpu",
        "memory",
        "heap",
        "size",
        "bytes",
        "rule",
        "tsdb",
        "cache",
        "ready",
        "interval",
        "uptime",
        "msg",
        "retries",
        "retry",
        "start",
        "ttl",
        "age",
        "idle",
        "sleep",
    ];

    /// <summary>Metrics of a runtime, a process or the scrape, which templates of their own watch.</summary>
    private static readonly string[] OfRuntime =
    [
        "go_",
        "process_",
        "python_",
        "jvm_",
        "nodejs_",
        "dotnet_",
        "erlang_",
        "ruby_",
        "php_",
        "promhttp_",
        "scrape_",
        "net_conntrack_",
        "jmx_",
        "machine_",
        "up",
        "target_info",
        "ALERTS",
        "prometheus_tsdb_",
        "prometheus_rule_",
        "prometheus_sd_",
        "prometheus_target_",
        "prometheus_notifications_",
        "prometheus_engine_",
        "prometheus_remote_storage_",
        "aspnetcore_",
        "kestrel_",
        "hikaricp_",
        "logback_",
        "tomcat_",
    ];

    /// <summary>The series that has the labels of the metric, once.</summary>
    public string Plain => Form is MetricForm.Classic or MetricForm.Summary ? $"{Base}_count" : Base;

    /// <summary>Whether it is about requests, which are what most services do.</summary>
    public bool IsOfRequests => AreOfRequests(Words);

    /// <summary>Whether it counts what a service does for others.</summary>
    public bool IsTraffic
    {
        get
        {
            if (Words.Set.Overlaps(ClientWords) || Words.Set.Overlaps(InternalWords) || Words.Set.Overlaps(ErrorNouns))
                return false;
            return Form switch
            {
                MetricForm.Counter => Words.Time is null && (Words.Set.Overlaps(RequestNouns) || Words.Set.Overlaps(WorkNouns)),
                MetricForm.Gauge => false,
                _ => Words.Time is not null || Words.IsTime,
            };
        }
    }

    public bool IsErrors =>
        Form == MetricForm.Counter
        && Words.Time is null
        && Words.Set.Overlaps(ErrorNouns)
        && !Words.Set.Overlaps(ClientWords)
        && !Words.Set.Overlaps(InternalWords);

    public bool IsSaturation
    {
        get
        {
            var words = Words.Set;
            if (Form != MetricForm.Gauge || words.Contains("scrape") || words.Contains("bytes"))
                return false;
            // A consumer's lag is its own.
            if (words.Overlaps(ClientWords) && Words.Last != "lag")
                return false;
            return words.Contains("inflight")
                || (words.Contains("in") && (words.Contains("flight") || words.Contains("progress")))
                || (words.Contains("active") && words.Contains("requests"))
                || (words.Contains("queue") && words.Overlaps(["length", "size", "depth", "pending", "messages", "waiting"]))
                || Words.Last is "backlog" or "lag" or "pending" or "queued"
                || IsPartOfOne;
        }
    }

    /// <summary>Whether it is the processor time of a program, as client libraries name it behind a prefix of the program.</summary>
    public bool IsProcessorTime =>
        Form == MetricForm.Counter && Words.Set.Contains("process") && Words.Set.Contains("cpu") && Words.Time is not null;

    /// <summary>Whether it is the memory that a program has in use.</summary>
    public bool IsProcessMemory =>
        Form == MetricForm.Gauge
        && Words.Set.Contains("process")
        && Words.Set.Contains("memory")
        && Words.Set.Overlaps(["resident", "rss", "usage"])
        && !Words.Set.Overlaps(["max", "limit"]);

    /// <summary>Whether it says how full or how busy something is, as a ratio or in percent.</summary>
    public bool IsPartOfOne =>
        Words.Last is "utilization" or "utilisation" || ((IsPercent || Words.Last == "ratio") && Words.Set.Overlaps(UsedWords));

    public bool IsPercent => Words.Last is "percent" or "percentage";

    public static bool AreOfRequests(MetricWords words) =>
        words.Set.Overlaps(RequestNouns) || words.Set.Contains("http") || words.Set.Contains("grpc");

    /// <summary>The words of a count of errors without those that say so: what failed.</summary>
    public static string StemOfErrors(MetricWords words) =>
        string.Join(' ', words.Stem.Split(' ').Where(word => !ErrorNouns.Contains(word) && !ErrorNouns.Contains($"{word}s")));

    /// <summary>The gauge of how much there may be of what this gauge says there is: <c>workers_total</c> for <c>workers_busy</c>; null where there is none.</summary>
    public string? Limit(MetricCatalogue catalogue)
    {
        if (Form != MetricForm.Gauge)
            return null;
        foreach (Match used in Used().Matches(Base))
        {
            foreach (var most in (string[])["max", "limit", "capacity", "total", "size", "maximum", "max_size"])
            {
                var name = $"{Base[..used.Index]}{most}{Base[(used.Index + used.Length)..]}";
                // How large a queue or a pool is says how much is in it, or how much may be.
                if (name == Base || (used.Value is "size" or "length" && most is "total" or "size"))
                    continue;
                if (!catalogue.Names.Contains(name))
                    continue;
                // Most names that end in total are counters, whether or not their type is known.
                var type = catalogue.About(name)?.Type;
                if (type == "gauge" || (most != "total" && type is null or "unknown"))
                    return name;
            }
        }
        return null;
    }

    /// <summary>Whether it says how long something takes that a service does for others.</summary>
    public bool IsLatency(MetricCatalogue catalogue)
    {
        if (Form is MetricForm.Counter or MetricForm.Gauge || Words.Set.Overlaps(ClientWords) || Words.Set.Overlaps(InternalWords))
            return false;
        return Words.Time is not null || Words.IsTime || MetricWords.TimeUnit(catalogue.About(Base)?.Unit) is not null;
    }

    /// <summary>All metrics of a server whose shape is known, but for those of runtimes and of the scrape.</summary>
    public static IEnumerable<ShapedMetric> All(MetricCatalogue catalogue)
    {
        foreach (var name in catalogue.Names)
        {
            // A colon is in the names of recorded series; a dollar would be taken for a placeholder of a template.
            if (name.Contains(':') || name.Contains('$') || IsOfRuntime(name))
                continue;
            if (Without(name, "_bucket") is { } histogram)
            {
                if (catalogue.Names.Contains($"{histogram}_count"))
                    yield return new ShapedMetric(histogram, MetricForm.Classic, MetricWords.Of(histogram));
                continue;
            }
            if (Without(name, "_count") is { } counted && catalogue.Names.Contains($"{counted}_sum"))
            {
                if (!catalogue.Names.Contains($"{counted}_bucket"))
                    yield return new ShapedMetric(counted, MetricForm.Summary, MetricWords.Of(counted));
                continue;
            }
            if (Without(name, "_sum") is { } summed && catalogue.Names.Contains($"{summed}_count"))
                continue;
            if (name.EndsWith("_created", StringComparison.Ordinal) || name.EndsWith("_info", StringComparison.Ordinal))
                continue;
            var type = catalogue.About(name)?.Type;
            MetricForm? form = type switch
            {
                "counter" => MetricForm.Counter,
                "gauge" => MetricForm.Gauge,
                "histogram" or "gaugehistogram" => catalogue.Names.Contains($"{name}_count") ? null : MetricForm.Native,
                "summary" => null,
                _ => name.EndsWith("_total", StringComparison.Ordinal) ? MetricForm.Counter : MetricForm.Gauge,
            };
            if (form is { } known)
                yield return new ShapedMetric(name, known, MetricWords.Of(name));
        }
    }

    private static bool IsOfRuntime(string name)
    {
        var plain = name.Replace('.', '_');
        return OfRuntime.Any(prefix =>
            prefix.EndsWith('_') ? plain.StartsWith(prefix, StringComparison.Ordinal) : plain.Equals(prefix, StringComparison.Ordinal)
        );
    }

    private static string? Without(string name, string ending) =>
        name.EndsWith(ending, StringComparison.Ordinal) && name.Length > ending.Length ? name[..^ending.Length] : null;

    [GeneratedRegex("(?<=^|[_.])(in_use|used|active|busy|current|acquired|borrowed|length|size)(?=$|[_.])", RegexOptions.CultureInvariant)]
    private static partial Regex Used();
}
