using System.Globalization;
using System.Runtime.CompilerServices;
using Archon.Analysis.Promql;
using Archon.Analysis.RuleReplay;
using Archon.Analysis.Series;
using Archon.ConfigFiles.Rules;
using Archon.Integrations;
using Archon.Integrations.Prometheus;
using Archon.Ui.Charts;

namespace Archon.Features.Rules.Backtest;

/// <summary>
/// Replays a rule again and again while it is written. What the server was asked once is in the samples that all backtests share, so that another
/// threshold or <c>for</c> costs no question.
/// </summary>
/// <remarks>One page's own. Its replays go one after the other.</remarks>
public sealed class LiveBacktest(PrometheusClient prometheus, BacktestSampleCache samples, int environmentId, TimeProvider clock)
{
    // A replay holds all that it compares until it is done: 64 MB.
    private const int MostSamples = 4_000_000;
    private static readonly TimeSpan PictureGap = TimeSpan.FromMilliseconds(400);
    private static readonly TimeSpan ServedLasts = TimeSpan.FromMinutes(1);

    // One that was given up may still be at work when the next begins, and its results would be taken for those of the next.
    private Task latest = Task.CompletedTask;
    private BacktestRun? whole; // the last that was replayed by the values of its samples, to its end
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
                    Draft = BacktestLane.Unknown(away!),
                    Saved = question.Saved is null ? null : BacktestLane.Unknown(away!),
                    ChartFailure = away,
                    Took = clock.GetElapsedTime(began),
                };
                yield break;
            }
            picture = picture with { Interval = found.Schedule.Interval, IsServed = found.IsServed };
            var run = new BacktestRun(question, found.Schedule);
            if (BacktestRun.Rule(question.Draft, question.Group).Beyond() is { } limit)
            {
                yield return picture with
                {
                    Progress = 1,
                    Draft = BacktestLane.Unknown($"Not checked: {limit.Sentence}."),
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

    /// <summary>What other thresholds would have done, over the samples of the last backtest.</summary>
    /// <returns>
    /// In rising order. Rejected where the rule has no single threshold or the samples are too many; unavailable where the server does not return the samples
    /// again.
    /// </returns>
    public async Task<Fetch<IReadOnlyList<ThresholdOutcome>>> SweepAsync(BacktestPicture picture, CancellationToken cancellationToken)
    {
        if (
            whole is not { Whole: { } replayed } run
            || picture.Condition is not { IsWhole: true } condition
            || run.Question.Range != picture.Question.Range
            || PromqlParser.Canonical(replayed.Value) != PromqlParser.Canonical(condition.Value)
        )
        {
            return new Fetch<IReadOnlyList<ThresholdOutcome>>.Rejected("The rule has no single threshold over this range.");
        }
        var slices = new List<SampleSlice>();
        foreach (var key in Keys(run, condition))
        {
            switch (await SliceAsync(key, condition.Value, cancellationToken))
            {
                case Fetch<SampleSlice>.Ok { Value: var slice }:
                    slices.Add(slice);
                    break;
                case Fetch<SampleSlice>.Unavailable { Reason: var away }:
                    return new Fetch<IReadOnlyList<ThresholdOutcome>>.Unavailable(away);
                case Fetch<SampleSlice>.Rejected { Reason: var refused }:
                    return new Fetch<IReadOnlyList<ThresholdOutcome>>.Rejected(refused);
            }
            if (slices.Sum(one => one.Samples) > MostSamples)
            {
                return new Fetch<IReadOnlyList<ThresholdOutcome>>.Rejected(
                    string.Create(CultureInfo.InvariantCulture, $"The range has more than {MostSamples:N0} samples.")
                );
            }
        }
        return new Fetch<IReadOnlyList<ThresholdOutcome>>.Ok(
            await Task.Run(() => BacktestSweep.Of(run, picture.Question, condition, slices, cancellationToken), cancellationToken)
        );
    }

    private IEnumerable<SampleKey> Keys(BacktestRun run, AlertCondition condition)
    {
        var query = PromqlParser.Canonical(condition.Value);
        return run.Slices().Select(slice => new SampleKey(environmentId, query, slice.First, slice.Count, run.Step, run.Offset));
    }

    private Task<Fetch<SampleSlice>> SliceAsync(SampleKey key, string value, CancellationToken cancellationToken) =>
        samples.GetAsync(
            key,
            async token =>
                (await prometheus.QueryRangeAsync(value, key.Asked, TimeSpan.FromMilliseconds(key.Step), token)).Whole() switch
                {
                    Fetch<MatrixResult>.Ok { Value.Series: var series } => new Fetch<SampleSlice>.Ok(
                        new SampleSlice(key.First, key.Count, series)
                    ),
                    Fetch<MatrixResult>.Unavailable { Reason: var away } => new Fetch<SampleSlice>.Unavailable(away),
                    Fetch<MatrixResult>.Rejected { Reason: var refused } => new Fetch<SampleSlice>.Rejected(refused),
                    _ => throw new InvalidOperationException("An answer is one of three."),
                },
            cancellationToken
        );

    /// <summary>The value is asked for at every evaluation, and compared here.</summary>
    private async IAsyncEnumerable<BacktestPicture> ByValueAsync(
        BacktestRun run,
        AlertCondition condition,
        BacktestPicture picture,
        long began,
        [EnumeratorCancellation] CancellationToken cancellationToken
    )
    {
        var question = run.Question;
        whole = null;
        var draft = new ValueReplay(run, question.Draft, condition);
        var savedCondition = question.Saved is { IsAlert: true } saved ? AlertCondition.Of(saved.Expression) : null;
        var beside =
            savedCondition is { IsWhole: true } && PromqlParser.Canonical(savedCondition.Value) == PromqlParser.Canonical(condition.Value)
                ? new ValueReplay(run, question.Saved!, savedCondition)
                : null;
        var slices = new List<SampleSlice>();
        var (held, done) = (0L, 0);
        var shown = clock.GetTimestamp();
        foreach (var key in Keys(run, condition))
        {
            var answer = await SliceAsync(key, condition.Value, cancellationToken);
            if (answer is Fetch<SampleSlice>.Rejected || held > MostSamples)
            {
                // Too much to hold, or a stretch that the server fails at: then evaluation by evaluation, which finds the failing ones.
                await foreach (var one in ByExpressionAsync(run, picture, began, cancellationToken))
                    yield return one;
                yield break;
            }
            if (answer is Fetch<SampleSlice>.Unavailable { Reason: var away })
            {
                yield return await PictureAsync(1, away, isLast: true);
                yield break;
            }
            var slice = ((Fetch<SampleSlice>.Ok)answer).Value;
            slices.Add(slice);
            (held, done) = (held + slice.Samples, done + slice.Count);
            await Task.Run(
                () =>
                {
                    draft.Add(slice, cancellationToken);
                    beside?.Add(slice, cancellationToken);
                },
                cancellationToken
            );
            if (clock.GetElapsedTime(shown) < PictureGap || done >= run.Count)
                continue;
            yield return await PictureAsync(done / (double)run.Count, null, isLast: false);
            shown = clock.GetTimestamp();
        }
        whole = run;
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
                    var (chart, series) = BacktestChart.Draw(run, slices, condition);
                    return picture with
                    {
                        Progress = progress,
                        Draft = draft.Lane(ended, isLast),
                        Saved = beside?.Lane(ended, isLast) ?? picture.Saved,
                        Chart = chart,
                        SeriesFound = series,
                        ChartFailure = slices.Count == 0 ? ended : null,
                    };
                },
                cancellationToken
            );
    }

    /// <summary>An expression of any form: the server itself decides at each evaluation.</summary>
    private async IAsyncEnumerable<BacktestPicture> ByExpressionAsync(
        BacktestRun run,
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
        BacktestRun run,
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
        BacktestRun run,
        RuleContent rule,
        [EnumeratorCancellation] CancellationToken cancellationToken
    )
    {
        if (!rule.IsAlert)
        {
            yield return (1, BacktestLane.Unknown("A recording rule has no alerts."));
            yield break;
        }
        var request = new BacktestRequest(BacktestRun.Rule(rule, run.Question.Group), rule.Expression, run.Schedule, run.Question.Range)
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
                    yield return (far.Done / (double)far.Total, BacktestLane.Of(run.Question, history, null, known));
                    shown = clock.GetTimestamp();
                    break;
            }
        }
        history.Close();
        yield return (1, BacktestLane.Of(run.Question, history, ended, known));
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

    private async Task<(ChartData? Chart, int Series, string? Failure)> GraphAsync(BacktestRun run, CancellationToken cancellationToken)
    {
        var value = run.Condition?.Value ?? run.Question.Draft.Expression;
        var step = Math.Max(
            run.Step,
            (long)Math.Ceiling(run.Question.Range.Length.TotalMilliseconds / BacktestChart.Points / run.Step) * run.Step
        );
        var first = run.Schedule.First(run.Question.Range.Start.ToUnixTimeMilliseconds() + run.Offset);
        var count = (int)((run.Question.Range.End.ToUnixTimeMilliseconds() + run.Offset - first) / step) + 1;
        var asked = DateTimeOffset.FromUnixTimeMilliseconds(first - run.Offset);
        var range = new TimeRange(asked, asked.AddMilliseconds((count - 1) * step));
        switch (await prometheus.QueryRangeAsync(value, range, TimeSpan.FromMilliseconds(step), cancellationToken))
        {
            case Fetch<MatrixResult>.Ok { Value.Series: var series }:
                var drawn = run with { First = first, Count = count, Step = step };
                var (chart, found) = BacktestChart.Draw(drawn, [new SampleSlice(first, count, series)], run.Condition);
                return (chart, found, null);
            case Fetch<MatrixResult>.Unavailable { Reason: var away }:
                return (null, 0, away);
            case Fetch<MatrixResult>.Rejected { Reason: var refused }:
                return (null, 0, refused);
            default:
                throw new InvalidOperationException("An answer is one of three.");
        }
    }
}
