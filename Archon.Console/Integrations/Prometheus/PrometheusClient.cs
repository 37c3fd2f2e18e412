using System.Globalization;
using System.Net;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Archon.Analysis.Series;
using Archon.Integrations.Replies;

namespace Archon.Integrations.Prometheus;

/// <summary>Asks a Prometheus, or anything that answers as one (Thanos, Mimir, VictoriaMetrics). Holds no state; may be shared.</summary>
/// <remarks>Written after the documentation of Prometheus 2.42 to 3.5 and held against both.</remarks>
public sealed class PrometheusClient
{
    /// <summary>The server refuses a range with more steps.</summary>
    internal const int MostPoints = 11_000;

    // Proxies commonly refuse addresses of more than 4 to 8 kB.
    private const int LongestAddress = 2_000;

    private readonly IPrometheusApi api;
    private readonly UpstreamCalls calls;

    internal PrometheusClient(IPrometheusApi api, UpstreamCalls calls) => (this.api, this.calls) = (api, calls);

    /// <param name="at">When; null for the server's now.</param>
    /// <param name="withStatistics">Also ask what the query cost.</param>
    public Task<Fetch<QueryResult>> QueryAsync(
        string promql,
        DateTimeOffset? at,
        CancellationToken cancellationToken,
        bool withStatistics = false
    )
    {
        var time = at is { } moment ? Seconds(moment) : null;
        var stats = withStatistics ? "all" : null;
        return AskAsync(
            token => api.QueryAsync(promql, time, null, stats, token),
            token => api.QueryAsync(Form(("query", promql), ("time", time), ("stats", stats)), token),
            promql,
            cancellationToken
        );
    }

    /// <summary>
    /// Samples at <c>Start</c>, <c>Start + step</c> and so on to <c>End</c>. A range that is too long for one question is asked in slices.
    /// </summary>
    /// <param name="step">One millisecond or more.</param>
    /// <exception cref="ArgumentOutOfRangeException">The step is shorter.</exception>
    public async Task<Fetch<MatrixResult>> QueryRangeAsync(
        string promql,
        TimeRange range,
        TimeSpan step,
        CancellationToken cancellationToken
    )
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(step, TimeSpan.FromMilliseconds(1));
        var slice = step * (MostPoints - 1);
        if (range.Length <= slice)
            return await QuerySliceAsync(promql, range, step, cancellationToken);

        var joiner = new SliceJoiner(calls.Limits(ReplyKind.Matrix, "/api/v1/query_range"));
        for (var start = range.Start; start <= range.End; start += slice + step)
        {
            var stop = start + slice < range.End ? start + slice : range.End;
            var answer = await QuerySliceAsync(promql, new TimeRange(start, stop), step, cancellationToken);
            if (answer is not Fetch<MatrixResult>.Ok { Value: var part })
                return answer;
            if (joiner.Add(part) is { } tooMuch)
                return new Fetch<MatrixResult>.Rejected(tooMuch);
        }
        return new Fetch<MatrixResult>.Ok(joiner.Join());
    }

    /// <summary>The labels of series that match any of <paramref name="matchers"/>.</summary>
    public Task<Fetch<IReadOnlyList<SeriesLabels>>> SeriesAsync(
        IReadOnlyList<string> matchers,
        TimeRange range,
        CancellationToken cancellationToken
    ) =>
        GetListAsync(
            token => api.SeriesAsync(matchers, Seconds(range.Start), Seconds(range.End), token),
            ["data"],
            "series",
            PrometheusJson.Default.DictionaryStringString,
            (labels, limits) => new SeriesLabels(limits.Check(labels)),
            cancellationToken
        );

    public Task<Fetch<IReadOnlyList<string>>> LabelNamesAsync(
        IReadOnlyList<string>? matchers,
        TimeRange? range,
        CancellationToken cancellationToken
    ) =>
        GetAsync<List<string>, IReadOnlyList<string>>(
            token => api.LabelsAsync(matchers, Start(range), End(range), token),
            PrometheusJson.Default.ReplyStrings,
            data => data,
            cancellationToken
        );

    public Task<Fetch<IReadOnlyList<string>>> LabelValuesAsync(
        string label,
        IReadOnlyList<string>? matchers,
        TimeRange? range,
        CancellationToken cancellationToken
    ) =>
        GetAsync<List<string>, IReadOnlyList<string>>(
            token => api.LabelValuesAsync(label, matchers, Start(range), End(range), token),
            PrometheusJson.Default.ReplyStrings,
            data => data,
            cancellationToken
        );

    /// <param name="metric">Null for all.</param>
    public Task<Fetch<IReadOnlyList<MetricMetadata>>> MetadataAsync(string? metric, CancellationToken cancellationToken) =>
        GetAsync<Dictionary<string, List<MetadataReply>>, IReadOnlyList<MetricMetadata>>(
            token => api.MetadataAsync(metric, token),
            PrometheusJson.Default.ReplyMetadata,
            data =>
                [
                    .. data.SelectMany(one =>
                            one.Value.Select(reported => new MetricMetadata(
                                one.Key,
                                reported.Type ?? "unknown",
                                reported.Help ?? "",
                                reported.Unit ?? ""
                            ))
                        )
                        .OrderBy(one => one.Metric, StringComparer.Ordinal),
                ],
            cancellationToken
        );

    /// <summary>Active targets.</summary>
    public Task<Fetch<IReadOnlyList<PrometheusTarget>>> TargetsAsync(CancellationToken cancellationToken) =>
        GetListAsync(
            token => api.TargetsAsync("active", token),
            ["data", "activeTargets"],
            "targets",
            PrometheusJson.Default.TargetReply,
            (target, limits) =>
                new PrometheusTarget(
                    target.ScrapePool ?? "",
                    target.Labels?.GetValueOrDefault("job") ?? "",
                    target.Labels?.GetValueOrDefault("instance") ?? "",
                    target.ScrapeUrl ?? "",
                    limits.Check(target.Labels),
                    target.Health ?? "unknown",
                    Reported(target.LastError),
                    Happened(target.LastScrape),
                    TimeSpan.FromSeconds(target.LastScrapeDuration)
                ),
            cancellationToken,
            targets =>
                [.. targets.OrderBy(target => target.Job, StringComparer.Ordinal).ThenBy(target => target.Instance, StringComparer.Ordinal)]
        );

    /// <summary>Every rule group the server runs, in the order of its files.</summary>
    public Task<Fetch<IReadOnlyList<PrometheusRuleGroup>>> RulesAsync(CancellationToken cancellationToken) =>
        RulesAsync(null, cancellationToken);

    /// <summary>Every rule group with its alert rules, and the alerts of each.</summary>
    public Task<Fetch<IReadOnlyList<PrometheusRuleGroup>>> AlertRulesAsync(CancellationToken cancellationToken) =>
        RulesAsync("alert", cancellationToken);

    private Task<Fetch<IReadOnlyList<PrometheusRuleGroup>>> RulesAsync(string? type, CancellationToken cancellationToken) =>
        calls.AskAsync<IReadOnlyList<PrometheusRuleGroup>>(
            ReplyKind.List,
            token => api.RulesAsync(type, token),
            ReadGroupsAsync,
            Words,
            cancellationToken
        );

    /// <summary>Reads the reply of <c>/api/v1/rules</c>.</summary>
    internal static async ValueTask<IReadOnlyList<PrometheusRuleGroup>> ReadGroupsAsync(
        ReplyStream body,
        CancellationToken cancellationToken
    ) =>
        await JsonItems.ReadAsync(
            body,
            ["data", "groups"],
            "rules",
            PrometheusJson.Default.GroupReply,
            group => new PrometheusRuleGroup(
                group.Name,
                group.File ?? "",
                TimeSpan.FromSeconds(group.Interval),
                [.. (group.Rules ?? []).Select(rule => Rule(rule, body.Limits))]
            ),
            group => Math.Max(1, group.Rules.Count),
            cancellationToken
        );

    private static PrometheusRule Rule(RuleReply rule, ReplyLimits limits) =>
        new(
            rule.Name,
            rule.Query ?? "",
            rule.Type == "alerting",
            rule.State,
            rule.Health,
            Reported(rule.LastError),
            TimeSpan.FromSeconds(rule.Duration),
            TimeSpan.FromSeconds(rule.KeepFiringFor),
            limits.Check(rule.Labels),
            rule.Annotations ?? []
        )
        {
            LastEvaluation = Happened(rule.LastEvaluation),
            EvaluationTime = TimeSpan.FromSeconds(rule.EvaluationTime),
            Alerts = [.. (rule.Alerts ?? []).Select(alert => Alert(alert, limits))],
        };

    private static PrometheusAlert Alert(AlertReply alert, ReplyLimits limits) =>
        new(limits.Check(alert.Labels), alert.Annotations ?? [], alert.State ?? "", Happened(alert.ActiveAt), Number(alert.Value));

    public Task<Fetch<IReadOnlyList<PrometheusAlert>>> AlertsAsync(CancellationToken cancellationToken) =>
        GetListAsync(api.AlertsAsync, ["data", "alerts"], "alerts", PrometheusJson.Default.AlertReply, Alert, cancellationToken);

    public Task<Fetch<IReadOnlyList<Exemplar>>> ExemplarsAsync(string promql, TimeRange range, CancellationToken cancellationToken) =>
        GetAsync<List<ExemplarsReply>, IReadOnlyList<Exemplar>>(
            token => api.ExemplarsAsync(promql, Seconds(range.Start), Seconds(range.End), token),
            PrometheusJson.Default.ReplyExemplars,
            data =>
                [
                    .. data.SelectMany(series =>
                        (series.Exemplars ?? []).Select(one => new Exemplar(
                            new SeriesLabels(series.SeriesLabels ?? []),
                            one.Labels ?? [],
                            Number(one.Value),
                            DateTimeOffset.FromUnixTimeMilliseconds((long)(one.Timestamp * 1000))
                        ))
                    ),
                ],
            cancellationToken
        );

    /// <summary>The query as the server would lay it out.</summary>
    public Task<Fetch<string>> FormatQueryAsync(string promql, CancellationToken cancellationToken) =>
        GetAsync<string, string>(
            token => api.FormatQueryAsync(promql, token),
            PrometheusJson.Default.ReplyText,
            data => data,
            cancellationToken
        );

    public Task<Fetch<ServerVersion>> BuildInfoAsync(CancellationToken cancellationToken) =>
        GetAsync<BuildInfoReply, ServerVersion>(
            token => api.StatusAsync("buildinfo", token),
            PrometheusJson.Default.ReplyBuildInfoReply,
            data => new ServerVersion(data.Version ?? "unknown", data.Revision),
            cancellationToken
        );

    /// <summary>How the server is doing, with the number of series in its head block.</summary>
    public async Task<Fetch<PrometheusRuntime>> RuntimeAsync(CancellationToken cancellationToken)
    {
        var series = await GetAsync<TsdbReply, long>(
            token => api.StatusAsync("tsdb", token),
            PrometheusJson.Default.ReplyTsdbReply,
            data => data.HeadStats?.NumSeries ?? 0,
            cancellationToken
        );
        return await GetAsync<RuntimeReply, PrometheusRuntime>(
            token => api.StatusAsync("runtimeinfo", token),
            PrometheusJson.Default.ReplyRuntimeReply,
            data => new PrometheusRuntime(
                Happened(data.StartTime),
                data.ReloadConfigSuccess,
                Happened(data.LastConfigTime),
                data.StorageRetention,
                series is Fetch<long>.Ok { Value: var known } ? known : 0
            ),
            cancellationToken
        );
    }

    /// <summary>The server's command line, name to value.</summary>
    public Task<Fetch<IReadOnlyDictionary<string, string>>> FlagsAsync(CancellationToken cancellationToken) =>
        GetAsync<Dictionary<string, string>, IReadOnlyDictionary<string, string>>(
            token => api.StatusAsync("flags", token),
            PrometheusJson.Default.ReplyFlags,
            data => data,
            cancellationToken
        );

    /// <summary>Ok once the server answers queries; while it replays its log it is not ready.</summary>
    public Task<Fetch<bool>> ReadyAsync(CancellationToken cancellationToken) =>
        calls.AskAsync(ReplyKind.Document, api.ReadyAsync, (_, _) => ValueTask.FromResult(true), Words, cancellationToken);

    private async Task<Fetch<MatrixResult>> QuerySliceAsync(
        string promql,
        TimeRange range,
        TimeSpan step,
        CancellationToken cancellationToken
    )
    {
        var (start, end) = (Seconds(range.Start), Seconds(range.End));
        var width = step.TotalSeconds.ToString("0.###", CultureInfo.InvariantCulture);
        var answer = await AskAsync(
            token => api.QueryRangeAsync(promql, start, end, width, null, null, token),
            token => api.QueryRangeAsync(Form(("query", promql), ("start", start), ("end", end), ("step", width)), token),
            promql,
            cancellationToken
        );
        return answer switch
        {
            Fetch<QueryResult>.Ok { Value: var result } => new Fetch<MatrixResult>.Ok(
                new MatrixResult(result.Series)
                {
                    Histograms = result.Histograms,
                    Warnings = result.Warnings,
                    Infos = result.Infos,
                    Missing = result.Missing,
                }
            ),
            Fetch<QueryResult>.Rejected { Reason: var reason } => new Fetch<MatrixResult>.Rejected(reason),
            Fetch<QueryResult>.Unavailable { Reason: var reason } => new Fetch<MatrixResult>.Unavailable(reason),
            _ => throw new InvalidOperationException("An answer is one of three."),
        };
    }

    /// <summary>
    /// A short query goes into the address, where it is retried and cached; a long one into a form, unless the server knows no forms.
    /// </summary>
    private Task<Fetch<QueryResult>> AskAsync(
        Func<CancellationToken, Task<HttpResponseMessage>> get,
        Func<CancellationToken, Task<HttpResponseMessage>> post,
        string promql,
        CancellationToken cancellationToken
    ) =>
        calls.AskAsync(
            ReplyKind.Matrix,
            async token =>
            {
                if (promql.Length <= LongestAddress)
                    return await get(token);
                var reply = await post(token);
                if (reply.StatusCode != HttpStatusCode.MethodNotAllowed)
                    return reply;
                reply.Dispose();
                return await get(token);
            },
            (body, token) => MatrixReader.ReadAsync(body, body.Limits, token),
            Words,
            cancellationToken
        );

    private Task<Fetch<TValue>> GetAsync<TData, TValue>(
        Func<CancellationToken, Task<HttpResponseMessage>> send,
        JsonTypeInfo<Reply<TData>> type,
        Func<TData, TValue> map,
        CancellationToken cancellationToken
    ) =>
        calls.AskAsync(
            ReplyKind.Document,
            send,
            async (body, token) =>
                await body.ReadJsonAsync(type, token) is { Status: "success", Data: { } data }
                    ? map(data)
                    : throw new JsonException("The reply has no data."),
            Words,
            cancellationToken
        );

    private Task<Fetch<IReadOnlyList<TValue>>> GetListAsync<TItem, TValue>(
        Func<CancellationToken, Task<HttpResponseMessage>> send,
        string[] path,
        string what,
        JsonTypeInfo<TItem> type,
        Func<TItem, ReplyLimits, TValue> map,
        CancellationToken cancellationToken,
        Func<List<TValue>, IReadOnlyList<TValue>>? order = null
    ) =>
        calls.AskAsync(
            ReplyKind.List,
            send,
            async (body, token) =>
            {
                var items = await JsonItems.ReadAsync(body, path, what, type, item => map(item, body.Limits), null, token);
                return order is null ? items : order(items);
            },
            Words,
            cancellationToken
        );

    /// <summary>The server's own words; null for a text that Prometheus' API did not write.</summary>
    private static string? Words(HttpStatusCode status, string body) => UpstreamCalls.JsonWords(body, "error");

    private static Dictionary<string, string> Form(params ReadOnlySpan<(string Name, string? Value)> fields)
    {
        var form = new Dictionary<string, string>();
        foreach (var (name, value) in fields)
        {
            if (value is not null)
                form.Add(name, value);
        }
        return form;
    }

    private static string Seconds(DateTimeOffset at) =>
        (at.ToUnixTimeMilliseconds() / 1000m).ToString("0.###", CultureInfo.InvariantCulture);

    private static string? Start(TimeRange? range) => range is { } known ? Seconds(known.Start) : null;

    private static string? End(TimeRange? range) => range is { } known ? Seconds(known.End) : null;

    private static string? Reported(string? text) => string.IsNullOrEmpty(text) ? null : text;

    /// <summary>The server writes year 1 for never.</summary>
    private static DateTimeOffset? Happened(DateTimeOffset? at) => at is { Year: > 1 } ? at : null;

    private static double Number(string? text) =>
        text switch
        {
            "+Inf" => double.PositiveInfinity,
            "-Inf" => double.NegativeInfinity,
            _ => double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var value) ? value : double.NaN,
        };

    /// <summary>Puts the slices of a long range together again, series by series.</summary>
    private sealed class SliceJoiner(ReplyLimits limits)
    {
        private const int SampleBytes = sizeof(long) + sizeof(double);

        private long bytes;

        private readonly Dictionary<string, List<MetricSeries>> series = [];
        private readonly Dictionary<string, List<HistogramSeries>> histograms = [];
        private readonly HashSet<string> warnings = [];
        private readonly HashSet<string> infos = [];
        private readonly HashSet<string> missing = [];

        /// <returns>What is too large where all slices together hold more than one reply may; null where they do not.</returns>
        public string? Add(MatrixResult part)
        {
            foreach (var one in part.Series)
            {
                bytes += one.Count * SampleBytes;
                (series.TryGetValue(one.Labels.Key, out var known) ? known : series[one.Labels.Key] = []).Add(one);
            }
            foreach (var one in part.Histograms)
            {
                (histograms.TryGetValue(one.Labels.Key, out var known) ? known : histograms[one.Labels.Key] = []).Add(one);
            }
            warnings.UnionWith(part.Warnings);
            infos.UnionWith(part.Infos);
            if (part.Missing is { } words)
                missing.Add(words);
            return bytes > limits.Bytes ? limits.TooManyBytes().Message : null;
        }

        public MatrixResult Join() =>
            new([.. series.Values.Select(Join)])
            {
                Histograms =
                [
                    .. histograms.Values.Select(parts => new HistogramSeries(
                        parts[0].Labels,
                        [.. parts.SelectMany(part => part.Times)],
                        [.. parts.SelectMany(part => part.Histograms)]
                    )),
                ],
                Warnings = [.. warnings],
                Infos = [.. infos],
                Missing = missing.Count > 0 ? string.Join("; ", missing) : null,
            };

        private static MetricSeries Join(List<MetricSeries> parts)
        {
            if (parts.Count == 1)
                return parts[0];
            var times = new long[parts.Sum(part => part.Count)];
            var values = new double[times.Length];
            var at = 0;
            foreach (var part in parts)
            {
                part.Times.CopyTo(times.AsMemory(at));
                part.Values.CopyTo(values.AsMemory(at));
                at += part.Count;
            }
            return new MetricSeries(parts[0].Labels, times, values);
        }
    }
}
