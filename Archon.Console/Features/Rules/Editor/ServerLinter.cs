using System.Globalization;
using Archon.Analysis;
using Archon.Analysis.AlertTemplates;
using Archon.Analysis.Promql;
using Archon.Analysis.Series;
using Archon.ConfigFiles.Rules.Lint;
using Archon.Data.Rules;
using Archon.Features.Rules.Backtest;
using Archon.Integrations;
using Archon.Integrations.Prometheus;

namespace Archon.Features.Rules.Editor;

/// <summary>What to ask a server, and from where on an answer is a finding.</summary>
public sealed record ServerLintSettings
{
    /// <summary>More series than this at once are too many for an alert.</summary>
    public int MostSeries { get; init; } = 1000;

    /// <summary>More samples than this for one evaluation are dear.</summary>
    public long MostSamples { get; init; } = 10_000_000;

    /// <summary>A longer evaluation is dear.</summary>
    public TimeSpan LongestEvaluation { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>How far back an alert is replayed. Zero: not at all.</summary>
    public TimeSpan Past { get; init; } = TimeSpan.FromDays(7);

    /// <summary>More firings than this in <see cref="Past"/> are noise.</summary>
    public int MostFirings { get; init; } = 20;
}

/// <summary>What came of asking a server.</summary>
/// <param name="NotChecked">Why some or all was not checked; null where everything was.</param>
public sealed record ServerLintResult(IReadOnlyList<LintFinding> Findings, string? NotChecked);

/// <summary>Finds faults of rules that show only against what a server has.</summary>
/// <param name="http">Follows links to runbooks; null: links are not tried.</param>
public sealed class ServerLinter(PrometheusClient prometheus, HttpClient? http, TimeProvider clock)
{
    private static readonly TimeSpan Week = TimeSpan.FromDays(7);
    private static readonly TimeSpan RateProbe = TimeSpan.FromMinutes(10);
    private static readonly TimeSpan LinkPatience = TimeSpan.FromSeconds(10);

    private readonly PrometheusClient prometheus = prometheus;
    private readonly HttpClient? http = http;
    private readonly TimeProvider clock = clock;

    /// <summary>The faults that <see cref="RuleLinter"/> finds, corrected and completed by what the server has.</summary>
    public async Task<ServerLintResult> LintAsync(
        IReadOnlyList<NamedRuleFile> files,
        ServerLintSettings settings,
        IProgress<double>? progress,
        CancellationToken cancellationToken
    )
    {
        var build = await prometheus.BuildInfoAsync(cancellationToken);
        var version = build is Fetch<ServerVersion>.Ok { Value.Version: var reported } ? reported : null;
        var known = GroupSchedules.Parse(version);
        var findings = RuleLinter.Lint(files, known).ToList();
        if (await prometheus.RulesAsync(cancellationToken) is not Fetch<IReadOnlyList<PrometheusRuleGroup>>.Ok { Value: var served })
        {
            return new ServerLintResult(findings, "the server did not return its rules");
        }
        var described = await prometheus.MetadataAsync(null, cancellationToken);
        var types = described is Fetch<IReadOnlyList<MetricMetadata>>.Ok { Value: var metadata }
            ? metadata.GroupBy(one => one.Metric).ToDictionary(one => one.Key, one => one.First().Type, StringComparer.Ordinal)
            : [];
        var ownRecords = files.SelectMany(file => file.File.Rules).Where(rule => !rule.Content.IsAlert).Select(rule => rule.Content.Name);
        var servedRecords = served.SelectMany(group => group.Rules).Where(rule => !rule.IsAlerting).Select(rule => rule.Name);
        var recorded = ownRecords.Concat(servedRecords).ToHashSet(StringComparer.Ordinal);
        var run = new Run(this, settings, types, recorded, served, version, cancellationToken);
        var rules = files
            .Where(file => file.File.Language == RuleLanguage.Promql)
            .SelectMany(file => file.File.Rules.Select(rule => new Place(file.Name, rule)))
            .ToList();
        for (var i = 0; i < rules.Count; i++)
        {
            await run.CheckAsync(rules[i]);
            progress?.Report((i + 1) / (double)rules.Count);
        }
        findings.RemoveAll(finding =>
            finding.Check == LintChecks.RateWindow && run.GoodWindows.Contains((finding.File, finding.Line, finding.Rule!))
        );
        // What the server knows for certain takes the place of what a name suggests.
        findings.RemoveAll(finding => finding.Check == LintChecks.RateOfGauge && run.KnownCounters.Contains((finding.File, finding.Rule!)));
        findings.RemoveAll(finding =>
            run.Findings.Any(one =>
                one.Check == finding.Check && (one.File, one.Line, one.Rule) == (finding.File, finding.Line, finding.Rule)
            )
        );
        findings.AddRange(run.Findings);
        return new ServerLintResult(RuleLinter.Accepted(files, findings), run.NotChecked);
    }

    private sealed class Run(
        ServerLinter linter,
        ServerLintSettings settings,
        Dictionary<string, string> types,
        HashSet<string> recorded,
        IReadOnlyList<PrometheusRuleGroup> served,
        string? version,
        CancellationToken cancellationToken
    )
    {
        private readonly Dictionary<string, double?> values = new(StringComparer.Ordinal);
        private readonly Dictionary<string, TimeSpan?> intervals = new(StringComparer.Ordinal);
        private readonly Dictionary<string, string?> links = new(StringComparer.Ordinal);
        private int questions; // asked of the server for the rule that is being checked

        public List<LintFinding> Findings { get; } = [];
        public HashSet<(string, int, string)> GoodWindows { get; } = [];
        public HashSet<(string, string)> KnownCounters { get; } = [];
        public string? NotChecked { get; private set; }

        public async Task CheckAsync(Place at)
        {
            // The linter has said of a file in another language, and of an expression beyond a limit, that it is not checked.
            if (PromqlParser.Parse(at.Rule.Content.Expression, out _) is not { } expression)
                return;
            questions = 0;
            await SelectorsAsync(at, expression);
            await WindowsAsync(at, expression);
            Types(at, expression);
            await MatchingAsync(at, expression);
            await EvaluationAsync(at);
            if (at.Rule.Content.IsAlert)
            {
                await PastAsync(at);
                await LinkAsync(at);
            }
            if (questions <= InputLimits.ServerQuestions.Most)
                return;
            Add(
                at.Field(
                    LintChecks.NotChecked,
                    LintSeverity.Warning,
                    "expr",
                    $"not checked to the end with the server's series: {InputLimits.ServerQuestions.Sentence}"
                )
            );
        }

        private async Task SelectorsAsync(Place at, PromqlExpression expression)
        {
            var absences = expression.All().OfType<PromqlCall>().Where(call => call.Function.Name is "absent" or "absent_over_time");
            var wanted = absences.SelectMany(call => call.All()).ToHashSet();
            foreach (var selector in expression.All().OfType<PromqlSelector>().DistinctBy(selector => selector.Series()))
            {
                if (selector.OneMetric is not { } metric || metric is "ALERTS" or "ALERTS_FOR_STATE")
                    continue;
                if (metric.Contains(':', StringComparison.Ordinal) && !recorded.Contains(metric))
                {
                    Add(
                        at.Expression(
                            LintChecks.MissingRecord,
                            LintSeverity.Warning,
                            selector.Start,
                            $"{metric} looks recorded, but no rule records it"
                        )
                    );
                    continue;
                }
                if (recorded.Contains(metric) || await CountAsync(selector.Series()) is not 0)
                    continue;
                // Under absent() it may well be what the rule is there for.
                var severity = wanted.Contains(selector) ? LintSeverity.Info : LintSeverity.Warning;
                var name = new PromqlSelector(metric, [], 0, 0).Series();
                if (!PromqlNames.IsPlainMetric(metric))
                    name = $"{{__name__={GoText.Quote(metric)}}}";
                if (await CountAsync(name) is 0)
                {
                    Add(
                        at.Expression(
                            LintChecks.MissingMetric,
                            severity,
                            selector.Start,
                            await SeenAsync(name)
                                ? $"{metric} is not there now; it was within the last week"
                                : $"the server has no series {metric}, nor had it within the last week"
                        )
                    );
                    continue;
                }
                var alone = new List<PromqlMatcher>();
                foreach (var matcher in selector.Matchers.Where(matcher => matcher.Label != PromqlMatcher.Name))
                {
                    if (await CountAsync($"{{__name__={GoText.Quote(metric)},{matcher}}}") is 0)
                        alone.Add(matcher);
                }
                foreach (var matcher in alone)
                {
                    var isLabel = await CountAsync($"{{__name__={GoText.Quote(metric)},{matcher.Label}!=\"\"}}") is not 0;
                    Add(
                        at.Expression(
                            LintChecks.MissingLabel,
                            severity,
                            selector.Start,
                            isLabel ? $"no series {metric} matches {matcher}" : $"no series {metric} has the label {matcher.Label}"
                        )
                    );
                }
                if (alone.Count == 0)
                {
                    Add(
                        at.Expression(
                            LintChecks.MissingLabel,
                            severity,
                            selector.Start,
                            $"no series matches {selector.Series()}; each of its matchers alone finds some"
                        )
                    );
                }
            }
        }

        private async Task WindowsAsync(Place at, PromqlExpression expression)
        {
            foreach (var call in expression.All().OfType<PromqlCall>())
            {
                if (!RuleLinter.IsRate(call.Function.Name) || call.Arguments[0].Bare() is not PromqlRange { Length: { } length } range)
                {
                    continue;
                }
                if (await IntervalAsync(range.Selector) is not { } interval)
                    continue;
                var shown = PrometheusDuration.Format(TimeSpan.FromSeconds(Math.Round(interval.TotalSeconds)));
                var window = PrometheusDuration.Format(length);
                if (length < interval * 2)
                {
                    Add(
                        at.Expression(
                            LintChecks.RateWindow,
                            LintSeverity.Error,
                            call.Start,
                            $"{call.Function.Name} over {window}: there is a sample every {shown}, so that two seldom lie in it"
                        )
                    );
                }
                else if (length < interval * 3.9)
                {
                    Add(
                        at.Expression(
                            LintChecks.RateWindow,
                            LintSeverity.Warning,
                            call.Start,
                            $"{call.Function.Name} over {window}: with a sample every {shown} that is less than four"
                        )
                    );
                }
                else
                {
                    var line = at.Expression(LintChecks.RateWindow, LintSeverity.Info, call.Start, "").Line;
                    GoodWindows.Add((at.File, line, at.Rule.Content.Name));
                }
            }
        }

        /// <summary>
        /// How far apart the samples of one of the selected series lie, in the middle; null where there are too few to say.
        /// </summary>
        private async Task<TimeSpan?> IntervalAsync(PromqlSelector selector)
        {
            var key = selector.Series();
            if (intervals.TryGetValue(key, out var known))
                return known;
            if (++questions > InputLimits.ServerQuestions.Most)
                return null;
            TimeSpan? interval = null;
            var first = await linter.prometheus.QueryAsync($"topk(1, {key})", null, cancellationToken);
            if (first is Fetch<QueryResult>.Ok { Value.Series: [var one, ..] })
            {
                var matchers = one.Labels.Values.Select(label => new PromqlMatcher(label.Key, PromqlMatch.Equal, label.Value));
                var samples = await linter.prometheus.QueryAsync(
                    $"{{{string.Join(',', matchers)}}}[{PrometheusDuration.Format(RateProbe)}]",
                    null,
                    cancellationToken
                );
                if (samples is Fetch<QueryResult>.Ok { Value.Series: [{ Count: >= 4 } raw, ..] })
                {
                    var times = raw.Times.ToArray();
                    var gaps = times.Skip(1).Zip(times, (later, earlier) => later - earlier).Order().ToList();
                    interval = TimeSpan.FromMilliseconds(gaps[gaps.Count / 2]);
                }
            }
            return intervals[key] = interval;
        }

        private void Types(Place at, PromqlExpression expression)
        {
            foreach (var call in expression.All().OfType<PromqlCall>())
            {
                var range = call.Arguments.FirstOrDefault(argument => argument.Bare() is PromqlRange)?.Bare();
                if (range is not PromqlRange { Selector.OneMetric: { } metric } || !types.TryGetValue(metric, out var type))
                    continue;
                if (RuleLinter.IsRate(call.Function.Name))
                {
                    if (type == "gauge")
                    {
                        Add(
                            at.Expression(
                                LintChecks.RateOfGauge,
                                LintSeverity.Error,
                                call.Start,
                                $"{call.Function.Name} of {metric}, which is a gauge"
                            )
                        );
                    }
                    else if (type is "counter" or "histogram" or "summary")
                        KnownCounters.Add((at.File, at.Rule.Content.Name));
                }
                else if (type == "counter" && call.Function.Name is "delta" or "idelta" or "deriv" or "predict_linear")
                {
                    Add(
                        at.Expression(
                            LintChecks.CounterAsGauge,
                            LintSeverity.Error,
                            call.Start,
                            $"{call.Function.Name} of {metric}, which is a counter"
                        )
                    );
                }
            }
            foreach (
                var binary in expression
                    .All()
                    .OfType<PromqlBinary>()
                    .Where(binary => binary.IsComparison && binary.Right.Type == PromqlType.Scalar)
            )
            {
                if (binary.Left.Bare() is PromqlSelector { OneMetric: { } metric } && types.GetValueOrDefault(metric) == "counter")
                {
                    Add(
                        at.Expression(
                            LintChecks.CounterAsGauge,
                            LintSeverity.Error,
                            binary.Left.Start,
                            $"{metric} is a counter; compare its rate or increase"
                        )
                    );
                }
            }
        }

        /// <summary>Two sides that have series, of which none meet.</summary>
        private async Task MatchingAsync(Place at, PromqlExpression expression)
        {
            foreach (
                var binary in expression
                    .All()
                    .OfType<PromqlBinary>()
                    .Where(binary => binary.IsBetweenVectors && binary.Operator is not ("or" or "unless"))
            )
            {
                // Each question holds a whole side, so that those of a long chain would be longer and longer.
                if (questions > InputLimits.ServerQuestions.Most)
                    return;
                if (await CountAsync(binary.Left.ToString()) is not > 0 || await CountAsync(binary.Right.ToString()) is not > 0)
                    continue;
                var meeting = binary.IsSet
                    ? binary
                    : new PromqlBinary("+", binary.Left, binary.Right, false, binary.Matching, binary.OperatorStart);
                if (await CountAsync(meeting.ToString()) is 0)
                {
                    Add(
                        at.Expression(
                            LintChecks.Matching,
                            LintSeverity.Error,
                            binary.OperatorStart,
                            $"{binary.Operator}: both sides have series, but none of them meet"
                        )
                    );
                }
            }
        }

        private async Task EvaluationAsync(Place at)
        {
            switch (await linter.prometheus.QueryAsync(at.Rule.Content.Expression, null, cancellationToken, withStatistics: true))
            {
                case Fetch<QueryResult>.Rejected { Reason: var reason }:
                    Add(at.Field(LintChecks.Failing, LintSeverity.Error, "expr", reason));
                    break;
                case Fetch<QueryResult>.Unavailable { Reason: var reason }:
                    NotChecked = reason;
                    break;
                case Fetch<QueryResult>.Ok { Value: var result }:
                    var count = result.Series.Count + result.Histograms.Count;
                    if (
                        result.Statistics is { } cost
                        && (cost.TotalSamples > settings.MostSamples || cost.TotalSeconds > settings.LongestEvaluation.TotalSeconds)
                    )
                    {
                        var words = string.Create(
                            CultureInfo.InvariantCulture,
                            $"one evaluation reads {cost.TotalSamples:N0} samples and takes {cost.TotalSeconds:0.00} s"
                        );
                        Add(at.Field(LintChecks.Cost, LintSeverity.Warning, "expr", words));
                    }
                    if (count > settings.MostSeries)
                    {
                        Add(
                            at.Field(
                                LintChecks.TooMany,
                                LintSeverity.Warning,
                                "expr",
                                string.Create(CultureInfo.InvariantCulture, $"{count:N0} series at once")
                            )
                        );
                    }
                    if (at.Rule.Content.IsAlert && count > 0)
                    {
                        var pendingPeriod = at.Rule.Content.For;
                        Add(
                            at.Field(
                                LintChecks.FiresNow,
                                LintSeverity.Info,
                                "expr",
                                pendingPeriod == TimeSpan.Zero
                                    ? $"would fire at once: {count} {Alerts(count)}"
                                    : $"would be pending at once and fire in {PrometheusDuration.Format(pendingPeriod)}: {count} {Alerts(count)}"
                            )
                        );
                    }
                    break;
            }
        }

        private async Task PastAsync(Place at)
        {
            if (settings.Past <= TimeSpan.Zero)
                return;
            var group = at.Rule.Group.Content;
            var schedule = GroupSchedules.Find(Path.GetFullPath(at.File), group.Name, group.Interval, served, version).Schedule;
            var now = linter.clock.GetUtcNow();
            var past = new TimeRange(now - settings.Past, now);
            var request = new BacktestRequest(GroupSchedules.Rule(at.Rule), at.Rule.Content.Expression, schedule, past)
            {
                QueryOffset = group.QueryOffset ?? TimeSpan.Zero,
            };
            var (history, end) = await new RuleBacktest(linter.prometheus).HistoryAsync(request, null, cancellationToken);
            if (end is BacktestEvent.Unavailable { Reason: var reason })
                NotChecked = reason;
            var summary = history.Summary();
            if (summary.Firings <= settings.MostFirings)
                return;
            Add(
                at.Field(
                    LintChecks.Noisy,
                    LintSeverity.Warning,
                    "alert",
                    $"would have fired {summary.Firings} times in {PrometheusDuration.Format(settings.Past)}, "
                        + $"{summary.Flaps} of them again within a quarter of an hour"
                )
            );
        }

        private async Task LinkAsync(Place at)
        {
            if (linter.http is null || !at.Rule.Content.Annotations.TryGetValue("runbook_url", out var link))
                return;
            if (link.Contains("{{", StringComparison.Ordinal))
                return;
            if (!Uri.TryCreate(link, UriKind.Absolute, out var address) || address.Scheme is not ("http" or "https"))
                return;
            if (!links.TryGetValue(link, out var fault))
                links[link] = fault = await TryAsync(address);
            if (fault is not null)
            {
                Add(at.Entry(LintChecks.RunbookLink, LintSeverity.Warning, "annotations", "runbook_url", $"{link}: {fault}"));
            }
        }

        private async Task<string?> TryAsync(Uri address)
        {
            using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            limit.CancelAfter(LinkPatience);
            try
            {
                using var reply = await linter.http!.GetAsync(address, HttpCompletionOption.ResponseHeadersRead, limit.Token);
                // A page behind a sign-in is there.
                return (int)reply.StatusCode is < 400 or 401 or 403
                    ? null
                    : string.Create(CultureInfo.InvariantCulture, $"answers {(int)reply.StatusCode}");
            }
            catch (HttpRequestException failure)
            {
                return $"cannot be reached: {failure.HttpRequestError}";
            }
            catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
            {
                return "does not answer";
            }
        }

        private static string Alerts(int count) => count == 1 ? "alert" : "alerts";

        private void Add(LintFinding finding) => Findings.Add(finding);

        /// <summary>Null where the server did not answer.</summary>
        private Task<double?> CountAsync(string promql) => ValueAsync($"count({promql})", whenEmpty: 0);

        private async Task<double?> ValueAsync(string promql, double? whenEmpty = null)
        {
            if (values.TryGetValue(promql, out var known))
                return known;
            if (++questions > InputLimits.ServerQuestions.Most)
                return null;
            double? value = null;
            switch (await linter.prometheus.QueryAsync(promql, null, cancellationToken))
            {
                case Fetch<QueryResult>.Ok { Value.Series: [{ Count: > 0 } one, ..] }:
                    value = one.Values.Span[0];
                    break;
                case Fetch<QueryResult>.Ok:
                    value = whenEmpty;
                    break;
                case Fetch<QueryResult>.Unavailable { Reason: var reason }:
                    NotChecked = reason;
                    break;
            }
            return values[promql] = value;
        }

        private async Task<bool> SeenAsync(string selector)
        {
            var now = linter.clock.GetUtcNow();
            var week = new TimeRange(now - Week, now);
            return await linter.prometheus.LabelValuesAsync("__name__", [selector], week, cancellationToken)
                is Fetch<IReadOnlyList<string>>.Ok { Value.Count: > 0 };
        }
    }
}
