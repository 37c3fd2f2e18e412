using System.Globalization;
using System.Runtime.CompilerServices;
using Archon.Analysis.Promql;
using Archon.Analysis.RuleReplay;
using Archon.Analysis.Series;
using Archon.ConfigFiles.Rules;
using Archon.Integrations;
using Archon.Integrations.Prometheus;
using Archon.Ui.Charts;
using Archon.Ui.Format;
using Archon.Ui.Health;

namespace Archon.Features.Rules.Backtest;

/// <summary>What to replay, beside what, and against what really was wrong.</summary>
/// <param name="Saved">What the catalogue says; null for a new rule.</param>
/// <param name="Troubles">Null where they could not be read: then firings are not judged.</param>
public sealed record BacktestQuestion(
    RuleContent Draft,
    RuleContent? Saved,
    string File,
    GroupContent Group,
    TimeRange Range,
    IReadOnlyList<KnownTrouble>? Troubles
);

/// <summary>How one version of a rule would have done.</summary>
/// <param name="Judged">Null where nothing is known to judge by.</param>
/// <param name="Ended">Why it ends before the range does, or cannot be known at all; null when it is whole, or still goes on.</param>
/// <param name="KnownUntil">Unix milliseconds of the last evaluation that was replayed; null before the first.</param>
public sealed record BacktestLane(
    IReadOnlyList<ReplaySpan> Spans,
    IReadOnlyList<ReplayFailure> Failures,
    ReplaySummary Summary,
    ReplayComparison? Judged,
    string? Ended,
    long? KnownUntil
);

/// <summary>How far a backtest is, and what it came to until then.</summary>
/// <param name="Progress">0 to 1.</param>
/// <param name="Chart">The value that is compared, without its comparison; null while nothing is known of it.</param>
/// <param name="ChartFailure">Why there is no chart.</param>
/// <param name="Interval">The group's; null where the server could not be asked.</param>
/// <param name="IsServed">Whether the server runs the group, so that its evaluations are those of the replay.</param>
/// <param name="Took">Since the start.</param>
public sealed record BacktestPicture(
    BacktestQuestion Question,
    double Progress,
    BacktestLane? Draft,
    BacktestLane? Saved,
    ChartData? Chart,
    int SeriesFound,
    string? ChartFailure,
    TimeSpan? Interval,
    bool IsServed,
    TimeSpan Took
)
{
    /// <summary>The comparison of the draft; null where there is none. Parsed once for all that draws the picture.</summary>
    public AlertCondition? Condition { get; init; }

    /// <summary>Of the value of the draft's expression; empty where nothing is known.</summary>
    public string Unit { get; init; } = "";

    /// <summary>Whether what is saved compares the same value, and has no samples where the draft has none.</summary>
    public bool ComparesTheSame { get; init; }

    public bool IsDone => Progress >= 1;

    /// <summary>Before anything is known.</summary>
    public static BacktestPicture Begin(BacktestQuestion question)
    {
        var condition = AlertCondition.Of(question.Draft.Expression);
        return new BacktestPicture(question, 0, null, null, null, 0, null, null, false, TimeSpan.Zero)
        {
            Condition = condition,
            Unit = ExpressionUnit.Of(question.Draft.Expression),
            ComparesTheSame = question.Saved is { } saved && AlertCondition.Of(saved.Expression)?.Value == condition?.Value,
        };
    }
}

/// <summary>
/// Replays a rule again and again while it is written. What the server was asked once is kept, so that another threshold or
/// <c>for</c> costs no question.
/// </summary>
/// <remarks>One page's own. Its replays go one after the other.</remarks>
public sealed class LiveBacktest(PrometheusClient prometheus, TimeProvider clock)
{
    /// <summary>How long before its recorded start a firing still belongs to an incident.</summary>
    public static readonly TimeSpan Lead = TimeSpan.FromMinutes(10);

    private const int EvaluationsPerSlice = 5760;
    private const int MostKept = 4_000_000; // samples of 16 bytes
    private const int SweepSteps = 20;
    private const int DrawnSeries = 8;
    private const int DrawnPoints = 1500;
    private static readonly TimeSpan PictureGap = TimeSpan.FromMilliseconds(400);
    private static readonly TimeSpan ServedLasts = TimeSpan.FromMinutes(1);

    // One that was given up may still hold an answer when the next begins, and both would keep it as theirs.
    private Task latest = Task.CompletedTask;
    private Kept? kept;
    private (object Key, BacktestLane Lane)? savedLane;
    private (DateTimeOffset At, IReadOnlyList<PrometheusRuleGroup> Groups, string? Version)? served;

    /// <summary>Pictures, each newer and more complete than the one before; the last is done, or says why it cannot be.</summary>
    public async IAsyncEnumerable<BacktestPicture> RunAsync(
        BacktestQuestion question,
        [EnumeratorCancellation] CancellationToken cancellationToken
    )
    {
        var began = clock.GetTimestamp();
        var picture = BacktestPicture.Begin(question);
        yield return picture;
        var ended = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var earlier = Interlocked.Exchange(ref latest, ended.Task);
        try
        {
            await earlier;
            cancellationToken.ThrowIfCancellationRequested();
            var (found, away) = await ScheduleAsync(question, cancellationToken);
            if (found is null)
            {
                yield return picture with
                {
                    Progress = 1,
                    Draft = Nothing(away!),
                    Saved = question.Saved is null ? null : Nothing(away!),
                    ChartFailure = away,
                    Took = clock.GetElapsedTime(began),
                };
                yield break;
            }
            picture = picture with { Interval = found.Schedule.Interval, IsServed = found.IsServed };
            var run = new Run(question, found.Schedule);
            if (Rule(question.Draft, question.Group).Beyond() is { } limit)
            {
                yield return picture with
                {
                    Progress = 1,
                    Draft = Nothing($"Not checked: {limit.Sentence}."),
                    Took = clock.GetElapsedTime(began),
                };
                yield break;
            }
            var pictures = run.Whole is { } condition
                ? ByValueAsync(run, condition, picture, began, cancellationToken)
                : ByExpressionAsync(run, picture, began, cancellationToken);
            await foreach (var one in pictures)
                yield return one with
                {
                    Took = clock.GetElapsedTime(began),
                };
        }
        finally
        {
            ended.SetResult();
        }
    }

    /// <summary>What other thresholds would have done, over what the last backtest has kept.</summary>
    /// <returns>In rising order; null where the rule has no single threshold, or too much would have to be kept.</returns>
    public async Task<IReadOnlyList<ThresholdOutcome>?> SweepAsync(BacktestPicture picture, CancellationToken cancellationToken)
    {
        var question = picture.Question;
        if (kept is not { IsComplete: true } all || picture.Interval is null)
            return null;
        if (AlertCondition.Of(question.Draft.Expression) is not { IsWhole: true } condition || all.Value != Canonical(condition.Value))
        {
            return null;
        }
        return await Task.Run(
            () =>
            {
                var series = Joined(all.Slices);
                var outcomes = Try(ThresholdSweep.Candidates(series, condition.Threshold, SweepSteps));
                // Between the rule's own and the first that is quiet enough lies the one that is looked for.
                if (WorkbenchMath.Half(outcomes, condition.Threshold, condition.Comparison) is not { Threshold: var half })
                    return outcomes;
                var between = Enumerable
                    .Range(1, SweepSteps / 2)
                    .Select(step => Rounded(condition.Threshold + ((half - condition.Threshold) * step / ((SweepSteps / 2) + 1))));
                var tried = outcomes.Select(one => one.Threshold).ToHashSet();
                return [.. outcomes.Concat(Try([.. between.Distinct().Where(one => !tried.Contains(one))])).OrderBy(one => one.Threshold)];

                IReadOnlyList<ThresholdOutcome> Try(IReadOnlyList<double> thresholds) =>
                    ThresholdSweep.Run(
                        Rule(question.Draft, question.Group),
                        condition.Comparison,
                        thresholds,
                        all.First,
                        all.Step,
                        all.Count,
                        all.Offset,
                        series,
                        question.Range.Start.ToUnixTimeMilliseconds() + all.Offset,
                        cancellationToken
                    );
            },
            cancellationToken
        );

        // Three figures are as many as people give a threshold.
        static double Rounded(double value) =>
            value == 0 || !double.IsFinite(value)
                ? value
                : double.Parse(value.ToString("G3", CultureInfo.InvariantCulture), CultureInfo.InvariantCulture);
    }

    /// <summary>The value is asked for at every evaluation, and compared here.</summary>
    private async IAsyncEnumerable<BacktestPicture> ByValueAsync(
        Run run,
        AlertCondition condition,
        BacktestPicture picture,
        long began,
        [EnumeratorCancellation] CancellationToken cancellationToken
    )
    {
        var question = run.Question;
        var value = Canonical(condition.Value);
        if (
            kept is null
            || kept.Value != value
            || kept.First != run.First
            || kept.Count != run.Count
            || kept.Step != run.Step
            || kept.Offset != run.Offset
        )
        {
            kept = new Kept(value, run.First, run.Count, run.Step, run.Offset);
        }
        var mine = kept;
        var draft = new Replaying(run, question.Draft, condition);
        var savedCondition = question.Saved is { IsAlert: true } saved ? AlertCondition.Of(saved.Expression) : null;
        var beside =
            savedCondition is { IsWhole: true } && Canonical(savedCondition.Value) == value
                ? new Replaying(run, question.Saved!, savedCondition)
                : null;
        var shown = clock.GetTimestamp();
        for (var place = 0; place * EvaluationsPerSlice < run.Count; place++)
        {
            if (place == mine.Slices.Count)
            {
                var first = run.First + ((long)place * EvaluationsPerSlice * run.Step);
                var count = Math.Min(EvaluationsPerSlice, run.Count - (place * EvaluationsPerSlice));
                var asked = DateTimeOffset.FromUnixTimeMilliseconds(first - run.Offset);
                var range = new TimeRange(asked, asked.AddMilliseconds((count - 1) * run.Step));
                var answer = await prometheus.QueryRangeAsync(
                    condition.Value,
                    range,
                    TimeSpan.FromMilliseconds(run.Step),
                    cancellationToken
                );
                if (answer is Fetch<MatrixResult>.Rejected || mine.Samples > MostKept)
                {
                    // Too much to keep, or a stretch that the server fails at: then evaluation by evaluation, which finds the failing ones.
                    if (kept == mine)
                        kept = null;
                    await foreach (var one in ByExpressionAsync(run, picture, began, cancellationToken))
                        yield return one;
                    yield break;
                }
                if (answer is Fetch<MatrixResult>.Unavailable { Reason: var away })
                {
                    yield return await PictureAsync(1, away, isLast: true);
                    yield break;
                }
                mine.Add(new Slice(first, count, ((Fetch<MatrixResult>.Ok)answer).Value.Series));
            }
            var slice = mine.Slices[place];
            await Task.Run(
                () =>
                {
                    draft.Add(slice, cancellationToken);
                    beside?.Add(slice, cancellationToken);
                },
                cancellationToken
            );
            if (clock.GetElapsedTime(shown) < PictureGap || (place + 1) * EvaluationsPerSlice >= run.Count)
                continue;
            yield return await PictureAsync((place + 1) * EvaluationsPerSlice / (double)run.Count, null, isLast: false);
            shown = clock.GetTimestamp();
        }
        var savedWhole = beside is not null || question.Saved is null;
        yield return picture = await PictureAsync(savedWhole ? 1 : 0.5, null, isLast: true);
        if (savedWhole)
            yield break;
        await foreach (var (progress, lane) in SavedAsync(run, cancellationToken))
        {
            yield return picture with
            {
                Progress = 0.5 + (progress / 2),
                Saved = lane,
            };
        }

        Task<BacktestPicture> PictureAsync(double progress, string? ended, bool isLast) =>
            Task.Run(
                () =>
                {
                    var (chart, series) = Draw(run, mine.Slices, condition);
                    return picture with
                    {
                        Progress = progress,
                        Draft = draft.Lane(ended, isLast),
                        Saved = beside?.Lane(ended, isLast) ?? picture.Saved,
                        Chart = chart,
                        SeriesFound = series,
                        ChartFailure = mine.Slices.Count == 0 ? ended : null,
                    };
                },
                cancellationToken
            );
    }

    /// <summary>An expression of any form: the server itself decides at each evaluation.</summary>
    private async IAsyncEnumerable<BacktestPicture> ByExpressionAsync(
        Run run,
        BacktestPicture picture,
        long began,
        [EnumeratorCancellation] CancellationToken cancellationToken
    )
    {
        var question = run.Question;
        var (chart, series, failure) = await GraphAsync(run, cancellationToken);
        picture = picture with { Chart = chart, SeriesFound = series, ChartFailure = failure };
        if (!question.Draft.IsAlert)
        {
            yield return picture with
            {
                Progress = 1,
            };
            yield break;
        }
        yield return picture;
        var part = question.Saved is null ? 1.0 : 0.5;
        await foreach (var (progress, lane) in ReplayAsync(run, question.Draft, cancellationToken))
        {
            picture = picture with { Progress = progress * part, Draft = lane };
            yield return picture;
        }
        if (question.Saved is null)
            yield break;
        await foreach (var (progress, lane) in SavedAsync(run, cancellationToken))
        {
            yield return picture with
            {
                Progress = 0.5 + (progress / 2),
                Saved = lane,
            };
        }
    }

    /// <summary>What is saved does not change while a draft of it is written.</summary>
    private async IAsyncEnumerable<(double Progress, BacktestLane Lane)> SavedAsync(
        Run run,
        [EnumeratorCancellation] CancellationToken cancellationToken
    )
    {
        var saved = run.Question.Saved!;
        var key = (saved, run.First, run.Count, run.Step, run.Question.Troubles);
        if (savedLane is { } known && known.Key.Equals(key))
        {
            yield return (1, known.Lane);
            yield break;
        }
        BacktestLane? last = null;
        await foreach (var (progress, lane) in ReplayAsync(run, saved, cancellationToken))
        {
            last = lane;
            yield return (progress, lane);
        }
        if (last is { Ended: null })
            savedLane = (key, last);
    }

    private async IAsyncEnumerable<(double Progress, BacktestLane Lane)> ReplayAsync(
        Run run,
        RuleContent rule,
        [EnumeratorCancellation] CancellationToken cancellationToken
    )
    {
        if (!rule.IsAlert)
        {
            yield return (1, Nothing("A recording rule has no alerts."));
            yield break;
        }
        var request = new BacktestRequest(Rule(rule, run.Question.Group), rule.Expression, run.Schedule, run.Question.Range)
        {
            QueryOffset = TimeSpan.FromMilliseconds(run.Offset),
            WarmUp = run.WarmUp,
        };
        var history = new ReplayHistory(run.Schedule.Interval);
        var shown = clock.GetTimestamp();
        string? ended = null;
        long? known = null;
        await foreach (var reported in new RuleBacktest(prometheus).RunAsync(request, cancellationToken).ConfigureAwait(false))
        {
            switch (reported)
            {
                case BacktestEvent.Evaluated evaluated:
                    history.Add(evaluated.At, new ReplayStep(evaluated.Active, evaluated.Failure));
                    known = evaluated.At;
                    break;
                case BacktestEvent.Unavailable away:
                    ended = away.Reason;
                    break;
                case BacktestEvent.Rejected refused:
                    ended = refused.Reason;
                    break;
                case BacktestEvent.Progress far when far.Done < far.Total && clock.GetElapsedTime(shown) >= PictureGap:
                    yield return (far.Done / (double)far.Total, Lane(run.Question, history, null, known));
                    shown = clock.GetTimestamp();
                    break;
            }
        }
        history.Close();
        yield return (1, Lane(run.Question, history, ended, known));
    }

    private async Task<(FoundSchedule? Found, string? Away)> ScheduleAsync(BacktestQuestion question, CancellationToken cancellationToken)
    {
        var now = clock.GetUtcNow();
        if (served is null || now - served.Value.At > ServedLasts)
        {
            var build = await prometheus.BuildInfoAsync(cancellationToken);
            var version = build is Fetch<ServerVersion>.Ok { Value.Version: var reported } ? reported : null;
            switch (await prometheus.RulesAsync(cancellationToken))
            {
                case Fetch<IReadOnlyList<PrometheusRuleGroup>>.Ok { Value: var groups }:
                    served = (now, groups, version);
                    break;
                case Fetch<IReadOnlyList<PrometheusRuleGroup>>.Unavailable { Reason: var away }:
                    return (null, away);
                case Fetch<IReadOnlyList<PrometheusRuleGroup>>.Rejected:
                    served = (now, [], version); // no rules here, as with a store beside the ruler
                    break;
            }
        }
        return (
            GroupSchedules.Find(question.File, question.Group.Name, question.Group.Interval, served!.Value.Groups, served.Value.Version),
            null
        );
    }

    private async Task<(ChartData? Chart, int Series, string? Failure)> GraphAsync(Run run, CancellationToken cancellationToken)
    {
        var value = run.Condition?.Value ?? run.Question.Draft.Expression;
        var step = Math.Max(run.Step, (long)Math.Ceiling(run.Question.Range.Length.TotalMilliseconds / DrawnPoints / run.Step) * run.Step);
        var first = run.Schedule.First(run.Question.Range.Start.ToUnixTimeMilliseconds() + run.Offset);
        var count = (int)((run.Question.Range.End.ToUnixTimeMilliseconds() + run.Offset - first) / step) + 1;
        var asked = DateTimeOffset.FromUnixTimeMilliseconds(first - run.Offset);
        var range = new TimeRange(asked, asked.AddMilliseconds((count - 1) * step));
        switch (await prometheus.QueryRangeAsync(value, range, TimeSpan.FromMilliseconds(step), cancellationToken))
        {
            case Fetch<MatrixResult>.Ok { Value.Series: var series }:
                var drawn = run with { First = first, Count = count, Step = step };
                var (chart, found) = Draw(drawn, [new Slice(first, count, series)], run.Condition);
                return (chart, found, null);
            case Fetch<MatrixResult>.Unavailable { Reason: var away }:
                return (null, 0, away);
            case Fetch<MatrixResult>.Rejected { Reason: var refused }:
                return (null, 0, refused);
            default:
                throw new InvalidOperationException("An answer is one of three.");
        }
    }

    private static (ChartData? Chart, int Series) Draw(Run run, IReadOnlyList<Slice> slices, AlertCondition? condition)
    {
        var from = run.Question.Range.Start.ToUnixTimeMilliseconds() + run.Offset;
        var skipped = (int)Math.Max(0, (from - run.First + run.Step - 1) / run.Step);
        var count = run.Count - skipped;
        if (count < 2)
            return (null, 0);
        var falls = condition?.Comparison is "<" or "<=";
        var reach = new Dictionary<SeriesLabels, double>();
        foreach (var series in slices.SelectMany(slice => slice.Series))
        {
            var most = reach.GetValueOrDefault(series.Labels, double.NegativeInfinity);
            foreach (var value in series.Values.Span)
            {
                if (double.IsFinite(value))
                    most = Math.Max(most, falls ? -value : value);
            }
            reach[series.Labels] = most;
        }
        var drawn = reach
            .OrderByDescending(one => one.Value)
            .ThenBy(one => one.Key.Key, StringComparer.Ordinal)
            .Take(DrawnSeries)
            .Select(one => one.Key)
            .ToList();
        var rows = drawn.Select((labels, row) => (labels, row)).ToDictionary(one => one.labels, one => one.row);
        var times = new double[count];
        for (var i = 0; i < count; i++)
            times[i] = (run.First + ((skipped + i) * run.Step) - run.Offset) / 1000.0;
        var values = drawn.Select(_ => Enumerable.Repeat(double.NaN, count).ToArray()).ToList();
        var present = new bool[count];
        foreach (var slice in slices)
        {
            foreach (var series in slice.Series)
            {
                var row = rows.GetValueOrDefault(series.Labels, -1);
                for (var i = 0; i < series.Count; i++)
                {
                    var place = (int)((series.Times.Span[i] + run.Offset - run.First) / run.Step) - skipped;
                    if (place < 0 || place >= count)
                        continue;
                    present[place] = true;
                    if (row >= 0)
                        values[row][place] = series.Values.Span[i];
                }
            }
        }
        var names = Names(drawn);
        var unit = ExpressionUnit.Of(run.Question.Draft.Expression);
        var known = slices.Count == 0 ? 0 : (int)(((slices[^1].First - run.First) / run.Step) + slices[^1].Count) - skipped;
        var chart = new ChartData(times, [.. drawn.Select((_, row) => new ChartLine(names[row], unit, values[row], ((row + 1) % 10) + 1))])
        {
            // Of a whole comparison the value is always there while its series are; of anything else nobody knows.
            Gaps = condition is { IsWhole: true } ? Gaps(times, present, Math.Clamp(known, 0, count), run.Step) : [],
            Thresholds = Thresholds(run.Question, condition),
        };
        return (ChartThinning.Thin(chart, DrawnPoints), reach.Count);
    }

    private static List<ChartThreshold> Thresholds(BacktestQuestion question, AlertCondition? condition)
    {
        var lines = new List<ChartThreshold>();
        if (condition is null)
            return lines;
        var unit = ExpressionUnit.Of(question.Draft.Expression);
        var saved = question.Saved is null ? null : AlertCondition.Of(question.Saved.Expression);
        var isSame = saved is null || saved.Threshold.Equals(condition.Threshold) || Canonical(saved.Value) != Canonical(condition.Value);
        lines.Add(
            new ChartThreshold(condition.Threshold, $"{(isSame ? "threshold" : "draft")} {Figures.Format(condition.Threshold, unit)}")
        );
        if (!isSame)
            lines.Add(new ChartThreshold(saved!.Threshold, $"saved {Figures.Format(saved.Threshold, unit)}"));
        return lines;
    }

    private static List<ChartSpan> Gaps(double[] times, bool[] present, int known, long step)
    {
        var gaps = new List<ChartSpan>();
        for (var at = 0; at < known; at++)
        {
            if (present[at])
                continue;
            var end = at;
            while (end + 1 < known && !present[end + 1])
                end++;
            if (end > at)
                gaps.Add(new ChartSpan(times[at] - (at == 0 ? 0 : step / 1000.0), times[end], "no data", StateKind.Unknown));
            at = end;
        }
        return gaps;
    }

    /// <summary>What tells each series from the others.</summary>
    private static List<string> Names(IReadOnlyList<SeriesLabels> drawn)
    {
        var telling = drawn
            .SelectMany(labels => labels.Values.Keys)
            .Distinct(StringComparer.Ordinal)
            .Where(name => drawn.Select(labels => labels[name]).Distinct(StringComparer.Ordinal).Count() > 1)
            .Order(StringComparer.Ordinal)
            .ToList();
        return telling.Count == 0
            ? [.. drawn.Select(_ => "value")]
            : [.. drawn.Select(labels => string.Join(", ", telling.Select(name => Named(labels, name))))];

        static string Named(SeriesLabels labels, string name) => labels[name] is { Length: > 0 } value ? value : $"no {name}";
    }

    private static BacktestLane Lane(BacktestQuestion question, ReplayHistory history, string? ended, long? known)
    {
        IReadOnlyList<ReplaySpan> spans = [.. history.Spans];
        var judged = question.Troubles is { Count: > 0 } troubles ? ReplayComparison.Of(spans, troubles, Lead) : null;
        return new BacktestLane(spans, [.. history.Failures], history.Summary(), judged, ended, known);
    }

    private static BacktestLane Nothing(string why) => new([], [], new ReplaySummary(0, TimeSpan.Zero, 0, 0, 0), null, why, null);

    private static ReplayRule Rule(RuleContent content, GroupContent group)
    {
        var labels = new Dictionary<string, string>(group.Labels, StringComparer.Ordinal);
        foreach (var (name, value) in content.Labels)
            labels[name] = value;
        return new ReplayRule(content.Name, content.For, content.KeepFiringFor, labels) { Limit = group.Limit };
    }

    private static string Canonical(string expression) => PromqlParser.Canonical(expression);

    private static List<MetricSeries> Joined(IReadOnlyList<Slice> slices)
    {
        var series = slices.SelectMany(slice => slice.Series).GroupBy(series => series.Labels);
        return
        [
            .. series.Select(parts => new MetricSeries(
                parts.Key,
                parts.SelectMany(part => part.Times.ToArray()).ToArray(),
                parts.SelectMany(part => part.Values.ToArray()).ToArray()
            )),
        ];
    }

    private sealed record Slice(long First, int Count, IReadOnlyList<MetricSeries> Series);

    /// <summary>What the server said of a value at every evaluation.</summary>
    private sealed class Kept(string value, long first, int count, long step, long offset)
    {
        private readonly List<Slice> slices = [];

        public string Value { get; } = value;
        public long First { get; } = first;
        public int Count { get; } = count;
        public long Step { get; } = step;
        public long Offset { get; } = offset;
        public long Samples { get; private set; }
        public List<Slice> Slices => slices;
        public bool IsComplete => slices.Sum(slice => slice.Count) == Count;

        public void Add(Slice slice)
        {
            slices.Add(slice);
            Samples += slice.Series.Sum(series => (long)series.Count);
        }
    }

    /// <summary>When the evaluations are.</summary>
    private sealed record Run
    {
        private static readonly TimeSpan LeastWarmUp = TimeSpan.FromHours(1);

        public Run(BacktestQuestion question, GroupSchedule schedule)
        {
            (Question, Schedule) = (question, schedule);
            Step = (long)schedule.Interval.TotalMilliseconds;
            Offset = (long)(question.Group.QueryOffset ?? TimeSpan.Zero).TotalMilliseconds;
            Condition = AlertCondition.Of(question.Draft.Expression);
            // In whole hours, so that another 'for' seldom asks for other evaluations.
            RuleContent?[] both = [question.Draft, question.Saved];
            var longest = both.Max(rule => rule is null ? TimeSpan.Zero : rule.For + rule.KeepFiringFor) + schedule.Interval;
            WarmUp = TimeSpan.FromHours(Math.Ceiling(Math.Max(longest.TotalHours, LeastWarmUp.TotalHours)));
            First = schedule.First(Math.Max(0, question.Range.Start.ToUnixTimeMilliseconds() + Offset - (long)WarmUp.TotalMilliseconds));
            Count = (int)Math.Max(0, ((question.Range.End.ToUnixTimeMilliseconds() + Offset - First) / Step) + 1);
        }

        public BacktestQuestion Question { get; }
        public GroupSchedule Schedule { get; }
        public AlertCondition? Condition { get; }
        public TimeSpan WarmUp { get; }
        public long First { get; init; }
        public int Count { get; init; }
        public long Step { get; init; }
        public long Offset { get; }

        /// <summary>Null where the server must decide at each evaluation.</summary>
        public AlertCondition? Whole =>
            Question.Draft.IsAlert
            && Condition is { IsWhole: true } whole
            && PromqlParser.Parse(whole.Value, out _) is { } value
            && !RuleBacktest.LooksAtEnds(value)
                ? whole
                : null;
    }

    /// <summary>A rule on its way through the slices.</summary>
    private sealed class Replaying(Run run, RuleContent rule, AlertCondition condition)
    {
        private readonly RuleReplayer replay = new(Rule(rule, run.Question.Group));
        private readonly ReplayHistory history = new(run.Schedule.Interval);
        private long? known;
        private readonly long from = run.Question.Range.Start.ToUnixTimeMilliseconds() + run.Offset;

        public void Add(Slice slice, CancellationToken cancellationToken)
        {
            var kept = slice
                .Series.Select(one => ThresholdSweep.Keep(one, condition.Comparison, condition.Threshold))
                .Where(one => one.Count > 0)
                .ToList();
            var steps = MatrixReplay.Steps(replay, slice.First, run.Step, slice.Count, run.Offset, kept, cancellationToken);
            foreach (var (at, outcome) in steps)
            {
                if (at < from)
                    continue;
                history.Add(at - run.Offset, outcome);
                known = at - run.Offset;
            }
        }

        public BacktestLane Lane(string? ended, bool isLast)
        {
            if (isLast)
                history.Close();
            return LiveBacktest.Lane(run.Question, history, ended, known);
        }
    }
}
