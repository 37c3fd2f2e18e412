using System.Runtime.CompilerServices;
using Archon.Analysis.Promql;
using Archon.Analysis.RuleReplay;
using Archon.Analysis.Series;
using Archon.Integrations;
using Archon.Integrations.Prometheus;

namespace Archon.Features.Rules.Backtest;

/// <summary>What to replay, and over what.</summary>
/// <param name="Expression">The rule's expression.</param>
/// <param name="Schedule">When the rule's group is evaluated.</param>
/// <param name="Range">Evaluations in it are told.</param>
public sealed record BacktestRequest(ReplayRule Rule, string Expression, GroupSchedule Schedule, TimeRange Range)
{
    /// <summary>How far before an evaluation its query looks: the group's <c>query_offset</c>.</summary>
    public TimeSpan QueryOffset { get; init; }

    /// <summary>How long before the range the replay begins, so that what was already pending or firing is known.</summary>
    /// <remarks>Null: long enough for one alert to fire and to be kept.</remarks>
    public TimeSpan? WarmUp { get; init; }
}

/// <summary>What a backtest has to say next.</summary>
public abstract record BacktestEvent
{
    private BacktestEvent() { }

    /// <summary>One evaluation in the range. The alerts change with the next one.</summary>
    /// <param name="At">Unix milliseconds at which its samples of <c>ALERTS</c> stand: the evaluation less the query offset.</param>
    public sealed record Evaluated(long At, IReadOnlyList<ReplayAlert> Active, string? Failure) : BacktestEvent;

    /// <summary>How far it is.</summary>
    public sealed record Progress(int Done, int Total) : BacktestEvent;

    /// <summary>It ends here: the server could not be asked. What was told before holds.</summary>
    public sealed record Unavailable(string Reason) : BacktestEvent;

    /// <summary>It ends here: the server will not evaluate this expression at all.</summary>
    public sealed record Rejected(string Reason) : BacktestEvent;
}

/// <summary>Replays a rule over what a Prometheus has recorded.</summary>
/// <remarks>
/// A range query at the group's evaluations yields what its evaluations would have seen, but for samples that were written late.
/// Where the server fails a stretch, it is halved until each failing evaluation is found, as only that one would have failed.
/// An expression that looks at the ends of its query is asked evaluation by evaluation.
/// </remarks>
public sealed class RuleBacktest(PrometheusClient prometheus)
{
    /// <summary>The most evaluations that the server is asked for at once: a day at 15 seconds.</summary>
    /// <remarks>Small enough for progress and a server's memory, large enough for few questions.</remarks>
    internal const int MostPerSlice = 5760;

    // Beyond this the expression is wrong rather than the data.
    private const int MostFailures = 2000;

    /// <summary>Evaluations in time order, with progress between them.</summary>
    public async IAsyncEnumerable<BacktestEvent> RunAsync(
        BacktestRequest request,
        [EnumeratorCancellation] CancellationToken cancellationToken
    )
    {
        var step = (long)request.Schedule.Interval.TotalMilliseconds;
        var offset = (long)request.QueryOffset.TotalMilliseconds;
        var (from, to) = (request.Range.Start.ToUnixTimeMilliseconds() + offset, request.Range.End.ToUnixTimeMilliseconds() + offset);
        var first = request.Schedule.First(Math.Max(0, from - (long)WarmUp(request).TotalMilliseconds));
        if (first > to)
            yield break;
        var total = (int)((to - first) / step) + 1;
        var parsed = PromqlParser.Parse(request.Expression, out var error);
        if ((error?.Limit ?? request.Rule.Beyond()) is { } limit)
        {
            yield return new BacktestEvent.Rejected($"Not checked: {limit.Sentence}.");
            yield break;
        }
        var byEvaluation = parsed is not null && LooksAtEnds(parsed);
        var replay = new RuleReplayer(request.Rule);
        var failures = 0;

        for (var done = 0; done < total; )
        {
            var count = Math.Min(byEvaluation ? 1 : MostPerSlice, total - done);
            var parts = new List<Part>();
            var left = MostFailures - failures;
            if (
                await AskAsync(
                    request.Expression,
                    first + (done * step),
                    step,
                    count,
                    offset,
                    byEvaluation,
                    parts,
                    left,
                    cancellationToken
                ) is
                { } end
            )
            {
                yield return end;
                yield break;
            }
            failures += parts.Count(part => part.Failure is not null);
            foreach (var part in parts)
            {
                if (part.Failure is { } reason)
                {
                    for (var at = part.First; at < part.First + (part.Count * step); at += step)
                    {
                        if (at >= from)
                            yield return new BacktestEvent.Evaluated(at - offset, [], reason);
                    }
                    continue;
                }
                // One evaluation at a time is told, for the alerts are those of the replay itself.
                var steps = MatrixReplay.Steps(replay, part.First, step, part.Count, offset, part.Series, cancellationToken);
                foreach (var (at, outcome) in steps)
                {
                    if (at >= from)
                        yield return new BacktestEvent.Evaluated(at - offset, outcome.Active, outcome.Failure);
                }
            }
            done += count;
            if (!byEvaluation || done % 100 == 0 || done == total)
                yield return new BacktestEvent.Progress(done, total);
        }
    }

    /// <summary>Replays into stretches of one state.</summary>
    /// <returns>The history, and why it ends early; null where it does not.</returns>
    public async Task<(ReplayHistory History, BacktestEvent? End)> HistoryAsync(
        BacktestRequest request,
        IProgress<double>? progress,
        CancellationToken cancellationToken
    )
    {
        var history = new ReplayHistory(request.Schedule.Interval);
        BacktestEvent? end = null;
        await foreach (var reported in RunAsync(request, cancellationToken))
        {
            switch (reported)
            {
                case BacktestEvent.Evaluated evaluated:
                    history.Add(evaluated.At, new ReplayStep(evaluated.Active, evaluated.Failure));
                    break;
                case BacktestEvent.Progress far:
                    progress?.Report(far.Done / (double)far.Total);
                    break;
                default:
                    end = reported;
                    break;
            }
        }
        history.Close();
        return (history, end);
    }

    private static TimeSpan WarmUp(BacktestRequest request) =>
        request.WarmUp ?? request.Rule.For + request.Rule.KeepFiringFor + request.Schedule.Interval;

    /// <summary>Whether an expression yields something else in a range query than at one evaluation.</summary>
    internal static bool LooksAtEnds(PromqlExpression expression) =>
        expression
            .All()
            .Any(node =>
                node switch
                {
                    PromqlSelector selector => selector.Shift.AtEnd is not null || selector.Shift.ComputedOffset is not null,
                    PromqlSubquery subquery => subquery.Shift.AtEnd is not null
                        || subquery.ComputedLength is not null
                        || subquery.ComputedStep is not null,
                    PromqlRange range => range.ComputedLength is not null,
                    PromqlCall { Function.Name: "start" or "end" or "range" or "step" } => true,
                    _ => false,
                }
            );

    /// <summary>Asks for a stretch, halving it where the server fails.</summary>
    /// <returns>Why it ends here; null when it does not.</returns>
    private async Task<BacktestEvent?> AskAsync(
        string expression,
        long first,
        long step,
        int count,
        long offset,
        bool isInstant,
        List<Part> parts,
        int failuresLeft,
        CancellationToken cancellationToken
    )
    {
        var asked = DateTimeOffset.FromUnixTimeMilliseconds(first - offset);
        string reason;
        if (count == 1 || isInstant)
        {
            switch (await prometheus.QueryAsync(expression, asked, cancellationToken))
            {
                case Fetch<QueryResult>.Ok { Value.Missing: { } missing }:
                    parts.Add(new Part(first, 1, [], NotKnown(missing)));
                    return null;
                case Fetch<QueryResult>.Ok { Value: { Kind: "vector" or "scalar" } result }:
                    // A scalar is a vector of one without labels; its time is that of the query.
                    var numbers = result.Series.Select(one => At(one, first - offset));
                    parts.Add(new Part(first, 1, [.. numbers, .. result.Histograms.Select(one => At(one, first - offset))], null));
                    return null;
                case Fetch<QueryResult>.Ok:
                    return new BacktestEvent.Rejected("rule result is not a vector or scalar");
                case Fetch<QueryResult>.Unavailable { Reason: var away }:
                    return new BacktestEvent.Unavailable(away);
                case Fetch<QueryResult>.Rejected { Reason: var refused } when IsWrong(refused) || failuresLeft <= 0:
                    return new BacktestEvent.Rejected(refused);
                case Fetch<QueryResult>.Rejected { Reason: var refused }:
                    parts.Add(new Part(first, 1, [], refused));
                    return null;
            }
        }
        var range = new TimeRange(asked, asked.AddMilliseconds((count - 1) * step));
        switch (await prometheus.QueryRangeAsync(expression, range, TimeSpan.FromMilliseconds(step), cancellationToken))
        {
            case Fetch<MatrixResult>.Ok { Value.Missing: { } missing }:
                parts.Add(new Part(first, count, [], NotKnown(missing)));
                return null;
            case Fetch<MatrixResult>.Ok { Value: var result }:
                parts.Add(new Part(first, count, [.. result.Series, .. result.Histograms.Select(Plain)], null));
                return null;
            case Fetch<MatrixResult>.Unavailable { Reason: var away }:
                return new BacktestEvent.Unavailable(away);
            case Fetch<MatrixResult>.Rejected { Reason: var refused }:
                reason = refused;
                break;
            default:
                throw new InvalidOperationException("An answer is one of three.");
        }
        if (IsWrong(reason))
            return new BacktestEvent.Rejected(reason);
        var half = count / 2;
        var failed = parts.Count;
        return await AskAsync(expression, first, step, half, offset, false, parts, failuresLeft, cancellationToken)
            ?? await AskAsync(
                expression,
                first + (half * step),
                step,
                count - half,
                offset,
                false,
                parts,
                failuresLeft - parts.Skip(failed).Count(part => part.Failure is not null),
                cancellationToken
            );
    }

    /// <summary>Whether the expression itself is refused, at whatever time.</summary>
    private static bool IsWrong(string reason) =>
        reason.Contains("parse error", StringComparison.Ordinal) || reason.Contains("invalid expression type", StringComparison.Ordinal);

    private static string NotKnown(string missing) => $"not known, as samples are missing: {missing}";

    private static MetricSeries At(MetricSeries series, long time) => new(series.Labels, new[] { time }, series.Values[..1]);

    private static MetricSeries At(HistogramSeries series, long time) => new(series.Labels, new[] { time }, new double[1]);

    /// <summary>A native histogram is an alert like any other; its value, as in Prometheus, is 0.</summary>
    private static MetricSeries Plain(HistogramSeries series) => new(series.Labels, series.Times.ToArray(), new double[series.Times.Count]);

    /// <param name="Failure">Why none of its evaluations is known; null where they are.</param>
    private sealed record Part(long First, int Count, IReadOnlyList<MetricSeries> Series, string? Failure);
}
