using System.Globalization;
using Archon.Analysis.Promql;
using Archon.Analysis.RuleReplay;
using Archon.Analysis.Series;
using Archon.ConfigFiles.Rules;
using Archon.Features.Rules.Backtest;
using Archon.Features.Rules.Catalogue;
using Archon.Integrations;
using Archon.Ui.Format;

namespace Archon.Features.Rules.Noise;

/// <param name="Change">Such as <c>for 5m → 15m</c>.</param>
/// <param name="Troubles">Incidents to judge by; the two counts say how many of them each form would have caught.</param>
/// <param name="Past">For how much of the time that was replayed the server has records.</param>
/// <param name="Link">Opens the workbench on it; null where it is too long for an address.</param>
public sealed record NoiseAdvice(
    string Change,
    RuleContent Content,
    ReplaySummary Before,
    ReplaySummary After,
    int Troubles,
    int CaughtBefore,
    int CaughtAfter,
    KnownTime Past,
    string? Link
);

/// <param name="Advice">Null where there is none.</param>
/// <param name="Words">Why there is none.</param>
/// <param name="IsChecked">False where the past could not be replayed.</param>
public sealed record AdviceResult(NoiseAdvice? Advice, string Words, bool IsChecked);

/// <summary>
/// Looks for a form of a rule that would have fired at most half as often, and still caught what it caught, by replaying the past.
/// </summary>
public sealed class NoiseAdvisor(
    RuleQueries rules,
    TroubleQueries troubles,
    Upstreams upstreams,
    BacktestSampleCache samples,
    TimeProvider clock
)
{
    public static readonly TimeSpan Past = TimeSpan.FromDays(7);
    private static readonly TimeSpan[] Lengths = [.. new[] { 2, 5, 10, 15, 30, 60 }.Select(minutes => TimeSpan.FromMinutes(minutes))];

    // Where each form must be asked of the server anew, only the likeliest are.
    private const int MostAsked = 3;

    public async Task<AdviceResult> AdviseAsync(int ruleId, CancellationToken cancellationToken)
    {
        if (await rules.FindAsync(ruleId, cancellationToken) is not { IsDeleted: false } rule)
        {
            return new AdviceResult(null, "The rule is no longer in the catalogue.", true);
        }
        var now = clock.GetUtcNow();
        var range = new TimeRange(now - Past, now);
        var known = await troubles.TroublesAsync(rule.EnvironmentId, rule.Content, range, cancellationToken);
        var prometheus = upstreams.For(rule.EnvironmentId).Prometheus;
        var live = new LiveBacktest(prometheus, samples, rule.EnvironmentId, clock);
        var (asIs, picture) = await TryAsync(rule.Content);
        if (asIs.Ended is { } away)
            return new AdviceResult(null, away, false);
        var past = await KnownTime.ReadAsync(prometheus, range, NoiseQueries.Step, cancellationToken);
        if (asIs.Summary.Firings == 0)
            return Quiet(past);

        var found = new List<(string Change, RuleContent Content, BacktestLane Lane)>();
        var condition = AlertCondition.Of(rule.Content.Expression);
        var most = condition is { IsWhole: true } ? Lengths.Length : MostAsked;
        if (asIs.Summary.Flaps * 3 >= asIs.Summary.Firings)
        {
            await FirstAsync(
                "keep_firing_for",
                rule.Content.KeepFiringFor,
                length => rule.Content with { KeepFiringFor = length },
                lane => lane.Summary.Flaps * 2 <= asIs.Summary.Flaps
            );
        }
        await FirstAsync("for", rule.Content.For, length => rule.Content with { For = length }, lane => IsHalf(lane.Summary));
        var notTried = "";
        if (condition is not null)
        {
            switch (await live.SweepAsync(picture, cancellationToken))
            {
                case Fetch<IReadOnlyList<ThresholdOutcome>>.Unavailable { Reason: var gone }:
                    return new AdviceResult(null, gone, false);
                case Fetch<IReadOnlyList<ThresholdOutcome>>.Rejected { Reason: var refused } when condition.IsWhole:
                    notTried = $" No other threshold was tried: {refused}";
                    break;
                case Fetch<IReadOnlyList<ThresholdOutcome>>.Ok { Value: var outcomes }
                    when WorkbenchMath.Half(outcomes, condition.Threshold, condition.Comparison)
                        is { Summary.Firings: > 0, Threshold: var threshold }:
                    var content = rule.Content with { Expression = condition.With(rule.Content.Expression, threshold) };
                    var (lane, _) = await TryAsync(content);
                    if (lane.Ended is null)
                        found.Add(($"threshold {Plain(condition.Threshold)} → {Plain(threshold)}", content, lane));
                    break;
            }
        }
        // Of two that are as quiet, the one that tells of the same trouble sooner.
        var best = found
            .Where(one => CatchesAll(one.Lane, asIs))
            .OrderBy(one => one.Lane.Summary.Firings)
            .ThenBy(one => Delay(one.Lane, asIs))
            .ThenBy(one => one.Lane.Summary.FiringTime)
            .FirstOrDefault();
        if (best.Lane is null)
        {
            return new AdviceResult(null, $"No quieter setting catches as much{Within(past)}.{notTried}", true);
        }
        return new AdviceResult(
            new NoiseAdvice(
                best.Change,
                best.Content,
                asIs.Summary,
                best.Lane.Summary,
                known.Troubles.Count,
                Caught(asIs),
                Caught(best.Lane),
                past,
                WorkbenchLinks.Changed(rule, best.Content)
            ),
            "",
            true
        );

        async Task FirstAsync(string name, TimeSpan own, Func<TimeSpan, RuleContent> with, Func<BacktestLane, bool> isEnough)
        {
            foreach (var length in Lengths.Where(length => length > own).Take(most))
            {
                var content = with(length);
                if ((await TryAsync(content)).Lane is not { Ended: null, Summary.Firings: > 0 } lane)
                    return;
                if (!isEnough(lane))
                    continue;
                var was = own > TimeSpan.Zero ? PrometheusDuration.Format(own) : "none";
                found.Add(($"{name} {was} → {PrometheusDuration.Format(length)}", content, lane));
                return;
            }
        }

        async Task<(BacktestLane Lane, BacktestPicture Picture)> TryAsync(RuleContent content)
        {
            BacktestPicture? last = null;
            var question = new BacktestQuestion(content, null, rule.File, rule.Group, range, known.Troubles);
            await foreach (var one in live.RunAsync(question, cancellationToken))
                last = one;
            return (last!.Draft!, last);
        }

        bool IsHalf(ReplaySummary summary) => summary.Firings * 2 <= asIs.Summary.Firings;
    }

    /// <summary>A rule that was quiet while nobody recorded anything was not checked.</summary>
    private static AdviceResult Quiet(KnownTime past) =>
        past.Since is null
            ? new AdviceResult(null, past.Words(_ => ""), false)
            : new AdviceResult(
                null,
                $"As it is written now it would not have fired in {(past.IsWhole ? Ages.Of(Past) : past.Extent)}.",
                true
            );

    private static string Within(KnownTime past) =>
        past.IsWhole ? ""
        : past.Since is null ? " over an unknown time"
        : $" in {past.Extent}";

    private static int Caught(BacktestLane lane) => lane.Judged?.Caught.Count ?? 0;

    private static bool CatchesAll(BacktestLane lane, BacktestLane asIs) =>
        asIs.Judged is not { } judged || judged.Caught.All(before => lane.Judged?.Caught.Any(now => now.Trouble == before.Trouble) == true);

    private static TimeSpan Delay(BacktestLane lane, BacktestLane asIs)
    {
        if (asIs.Judged is not { } judged || lane.Judged is not { } now)
            return TimeSpan.Zero;
        var again = now.Caught.Where(one => judged.Caught.Any(before => before.Trouble == one.Trouble));
        return again.Aggregate(TimeSpan.Zero, (sum, one) => sum + one.Delay);
    }

    private static string Plain(double value) => value.ToString("0.######", CultureInfo.InvariantCulture);
}
