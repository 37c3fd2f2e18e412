using Archon.Analysis.Promql;
using Archon.ConfigFiles.Rules.Lint;
using Archon.Integrations;
using Archon.Integrations.Prometheus;

namespace Archon.Features.Rules.Editor.ServerLint;

/// <summary>The window of a rate, measured against how far apart the samples really are.</summary>
internal static class ScrapesInWindowCheck
{
    private static readonly TimeSpan Probe = TimeSpan.FromMinutes(10);

    public static async Task FindAsync(ServerLintRun run, LintedRule rule, PromqlExpression expression)
    {
        foreach (var call in expression.All().Select(MetricNames.RateCall).OfType<PromqlCall>())
        {
            if (call.Arguments[0].Bare() is not PromqlRange { Length: { } length } range)
                continue;
            if (await IntervalAsync(run, range.Selector) is not { } interval)
                continue;
            var shown = PrometheusDuration.Format(TimeSpan.FromSeconds(Math.Round(interval.TotalSeconds)));
            var window = PrometheusDuration.Format(length);
            if (length < interval * 2)
                Add(LintSeverity.Error, $"too short for two samples, one every {shown}");
            else if (length < interval * 3.9)
                Add(LintSeverity.Warning, $"fewer than four samples, one every {shown}");
            else
                run.KnowGoodWindow(rule, call.Start);

            void Add(LintSeverity severity, string message) =>
                run.Add(rule.AtCharacter(LintChecks.RateWindow, severity, call.Start, $"{call.Function.Name} over {window}: {message}"));
        }
    }

    /// <summary>How far apart the samples of one of the selected series are, in the middle; null where there are too few to say.</summary>
    private static Task<TimeSpan?> IntervalAsync(ServerLintRun run, PromqlSelector selector) =>
        run.IntervalAsync(
            selector.Series(),
            async () =>
            {
                var first = await run.Prometheus.QueryAsync($"topk(1, {selector.Series()})", null, run.CancellationToken);
                if (first is not Fetch<QueryResult>.Ok { Value.Series: [var one, ..] })
                    return null;
                var matchers = one.Labels.Values.Select(label => new PromqlMatcher(label.Key, PromqlMatch.Equal, label.Value));
                var samples = await run.Prometheus.QueryAsync(
                    $"{{{string.Join(',', matchers)}}}[{PrometheusDuration.Format(Probe)}]",
                    null,
                    run.CancellationToken
                );
                if (samples is not Fetch<QueryResult>.Ok { Value.Series: [{ Count: >= 4 } raw, ..] })
                    return null;
                var times = raw.Times.ToArray();
                var gaps = times.Skip(1).Zip(times, (later, earlier) => later - earlier).Order().ToList();
                return TimeSpan.FromMilliseconds(gaps[gaps.Count / 2]);
            }
        );
}
