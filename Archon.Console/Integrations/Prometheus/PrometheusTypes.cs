using System.Text.Json.Serialization;
using Archon.Analysis.Series;

namespace Archon.Integrations.Prometheus;

/// <summary>A matrix: samples over time.</summary>
/// <param name="Series">Series of plain values, in the server's order. One may lack points: what is missing is left out.</param>
public sealed record MatrixResult(IReadOnlyList<MetricSeries> Series)
{
    /// <summary>Series of native histograms.</summary>
    public IReadOnlyList<HistogramSeries> Histograms { get; init; } = [];

    /// <summary>What the server thinks may be wrong with the query or its data.</summary>
    public IReadOnlyList<string> Warnings { get; init; } = [];

    /// <summary>Remarks of the server from 3.0 on, such as a counter's name without <c>_total</c>.</summary>
    public IReadOnlyList<string> Infos { get; init; } = [];

    /// <summary>Why samples may be missing, in the server's words; null where all is there.</summary>
    /// <remarks>A server over several stores answers with success also while one of them is away. What is missing then is not known, and not quiet.</remarks>
    public string? Missing { get; init; }
}

/// <summary>Samples of one series that are native histograms.</summary>
/// <param name="Times">Unix milliseconds, oldest first; one per histogram.</param>
public sealed record HistogramSeries(SeriesLabels Labels, IReadOnlyList<long> Times, IReadOnlyList<NativeHistogram> Histograms);

public sealed record NativeHistogram(double Count, double Sum, IReadOnlyList<HistogramBucket> Buckets);

/// <param name="Boundaries">0: open left; 1: open right; 2: open on both sides; 3: closed on both.</param>
public sealed record HistogramBucket(int Boundaries, double Lower, double Upper, double Count);

/// <summary>An instant result.</summary>
/// <param name="Kind"><c>vector</c>, <c>scalar</c>, <c>string</c> or, for a range selector, <c>matrix</c>.</param>
/// <param name="Series">One sample per series for a vector; a scalar is one series without labels.</param>
public sealed record QueryResult(string Kind, IReadOnlyList<MetricSeries> Series)
{
    public IReadOnlyList<HistogramSeries> Histograms { get; init; } = [];

    /// <summary>Of series of both kinds.</summary>
    public int SeriesCount => Series.Count + Histograms.Count;

    /// <summary>The value of a string result.</summary>
    public string? Text { get; init; }

    public QueryStatistics? Statistics { get; init; }
    public IReadOnlyList<string> Warnings { get; init; } = [];
    public IReadOnlyList<string> Infos { get; init; } = [];

    /// <inheritdoc cref="MatrixResult.Missing"/>
    public string? Missing { get; init; }
}

/// <summary>What a query cost the server.</summary>
public sealed record QueryStatistics(long TotalSamples, long PeakSamples, double TotalSeconds);

/// <param name="Interval">How often the group is evaluated.</param>
public sealed record PrometheusRuleGroup(string Name, string File, TimeSpan Interval, IReadOnlyList<PrometheusRule> Rules);

/// <param name="State">
/// <c>inactive</c>, <c>pending</c> or <c>firing</c>; null for a recording rule. Inactive with a bad <paramref name="Health"/> is not calm.
/// </param>
/// <param name="Health"><c>ok</c>, <c>err</c>, or <c>unknown</c> before the first evaluation.</param>
/// <param name="For">How long the condition must hold.</param>
public sealed record PrometheusRule(
    string Name,
    string Query,
    bool IsAlerting,
    string? State,
    string? Health,
    string? LastError,
    TimeSpan For,
    TimeSpan KeepFiringFor,
    IReadOnlyDictionary<string, string> Labels,
    IReadOnlyDictionary<string, string> Annotations
)
{
    public DateTimeOffset? LastEvaluation { get; init; }
    public TimeSpan EvaluationTime { get; init; }

    /// <summary>Those that fire or are pending.</summary>
    public IReadOnlyList<PrometheusAlert> Alerts { get; init; } = [];
}

/// <param name="Health"><c>up</c>, <c>down</c>, or <c>unknown</c> before the first scrape.</param>
/// <param name="LastScrape">Null before the first.</param>
public sealed record PrometheusTarget(
    string ScrapePool,
    string Job,
    string Instance,
    string ScrapeUrl,
    IReadOnlyDictionary<string, string> Labels,
    string Health,
    string? LastError,
    DateTimeOffset? LastScrape,
    TimeSpan LastScrapeDuration
);

/// <param name="State"><c>pending</c> or <c>firing</c>.</param>
public sealed record PrometheusAlert(
    IReadOnlyDictionary<string, string> Labels,
    IReadOnlyDictionary<string, string> Annotations,
    string State,
    DateTimeOffset? ActiveAt,
    double Value
);

/// <param name="Type"><c>counter</c>, <c>gauge</c>, <c>histogram</c>, <c>summary</c> or <c>unknown</c>.</param>
public sealed record MetricMetadata(string Metric, string Type, string Help, string Unit);

public sealed record Exemplar(SeriesLabels Series, IReadOnlyDictionary<string, string> Labels, double Value, DateTimeOffset At)
{
    /// <summary>Null where the exemplar names none.</summary>
    public string? TraceId =>
        Labels.GetValueOrDefault("trace_id") ?? Labels.GetValueOrDefault("traceID") ?? Labels.GetValueOrDefault("traceId");
}

/// <param name="IsConfigGood">False after a reload that failed: the old configuration goes on.</param>
public sealed record PrometheusRuntime(
    DateTimeOffset? StartTime,
    bool IsConfigGood,
    DateTimeOffset? LastConfigTime,
    string? StorageRetention,
    long SeriesInHead
);

// What comes over the wire; it never leaves this folder.

internal sealed record Reply<T>(
    string Status,
    T? Data,
    string? ErrorType,
    string? Error,
    IReadOnlyList<string>? Warnings,
    IReadOnlyList<string>? Infos
);

internal sealed record GroupReply(string Name, string? File, double Interval, IReadOnlyList<RuleReply>? Rules);

internal sealed record RuleReply(
    string Name,
    string? Query,
    string? Type,
    string? State,
    string? Health,
    string? LastError,
    double Duration,
    double KeepFiringFor,
    double EvaluationTime,
    DateTimeOffset? LastEvaluation,
    Dictionary<string, string>? Labels,
    Dictionary<string, string>? Annotations,
    IReadOnlyList<AlertReply>? Alerts
);

internal sealed record AlertReply(
    Dictionary<string, string>? Labels,
    Dictionary<string, string>? Annotations,
    string? State,
    DateTimeOffset? ActiveAt,
    string? Value
);

internal sealed record TargetReply(
    string? ScrapePool,
    string? ScrapeUrl,
    Dictionary<string, string>? Labels,
    string? Health,
    string? LastError,
    DateTimeOffset? LastScrape,
    double LastScrapeDuration
);

internal sealed record MetadataReply(string? Type, string? Help, string? Unit);

internal sealed record ExemplarsReply(Dictionary<string, string>? SeriesLabels, IReadOnlyList<ExemplarReply>? Exemplars);

internal sealed record ExemplarReply(Dictionary<string, string>? Labels, string? Value, double Timestamp);

internal sealed record BuildInfoReply(string? Version, string? Revision);

internal sealed record RuntimeReply(
    DateTimeOffset? StartTime,
    bool ReloadConfigSuccess,
    DateTimeOffset? LastConfigTime,
    string? StorageRetention
);

internal sealed record TsdbReply(HeadReply? HeadStats);

internal sealed record HeadReply(long NumSeries);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, PropertyNameCaseInsensitive = true)]
[JsonSerializable(typeof(GroupReply))]
[JsonSerializable(typeof(AlertReply))]
[JsonSerializable(typeof(TargetReply))]
[JsonSerializable(typeof(Dictionary<string, string>))]
[JsonSerializable(typeof(Reply<Dictionary<string, List<MetadataReply>>>), TypeInfoPropertyName = "ReplyMetadata")]
[JsonSerializable(typeof(Reply<List<ExemplarsReply>>), TypeInfoPropertyName = "ReplyExemplars")]
[JsonSerializable(typeof(Reply<List<string>>), TypeInfoPropertyName = "ReplyStrings")]
[JsonSerializable(typeof(Reply<Dictionary<string, string>>), TypeInfoPropertyName = "ReplyFlags")]
[JsonSerializable(typeof(Reply<string>), TypeInfoPropertyName = "ReplyText")]
[JsonSerializable(typeof(Reply<BuildInfoReply>))]
[JsonSerializable(typeof(Reply<RuntimeReply>))]
[JsonSerializable(typeof(Reply<TsdbReply>))]
internal sealed partial class PrometheusJson : JsonSerializerContext;
