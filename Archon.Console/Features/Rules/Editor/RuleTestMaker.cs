using System.Globalization;
using System.Text.RegularExpressions;
using Archon.Analysis.AlertTemplates;
using Archon.Analysis.Promql;
using Archon.Analysis.RuleReplay;
using Archon.Analysis.Series;
using Archon.ConfigFiles.Rules;
using Archon.Features.Rules.Backtest;
using Archon.Integrations;
using Archon.Integrations.Prometheus;
using Archon.Ui.Format;

namespace Archon.Features.Rules.Editor;

/// <summary>A stretch of the graph that is to become a test.</summary>
/// <param name="Interval">The group's.</param>
/// <param name="Firings">What the draft's backtest found; empty where it does not fire.</param>
/// <param name="MustFire">Otherwise it must stay quiet.</param>
public sealed record TestWish(
    int EnvironmentId,
    RuleContent Rule,
    GroupContent Group,
    TimeSpan Interval,
    TimeRange Window,
    IReadOnlyList<ReplaySpan> Firings,
    bool MustFire
);

/// <summary>Makes unit tests from what really was: the samples of the series that an expression looks at.</summary>
public sealed partial class RuleTestMaker(Upstreams upstreams, PromtoolRunner promtool)
{
    private const int MostSamples = 2000;
    private const int MostSeries = 60;
    private const int QuietLooks = 12;

    /// <returns>The test, or why there is none.</returns>
    public async Task<(RuleTest? Test, string? Why)> MakeAsync(TestWish wish, CancellationToken cancellationToken)
    {
        var (selectors, past) = RuleTestFile.Needs(wish.Rule.Expression);
        if (selectors.Count == 0)
            return (null, "The expression looks at no series, so there is nothing to test it with.");
        var interval = wish.Interval;
        var step = (long)interval.TotalMilliseconds;
        var last = LastLook(wish);
        // From an evaluation on, so that each sample of the test is what one evaluation saw; early enough for rates and for 'for'.
        var ahead = last - wish.Window.Start.ToUnixTimeMilliseconds() + (long)(past + wish.Rule.For).TotalMilliseconds;
        var count = (int)(ahead / step) + 3;
        if (count > MostSamples)
        {
            var most = Ages.Of(interval * MostSamples);
            return (
                null,
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"That is {count} samples of each series; pick a stretch of at most {most}, with what the expression looks back."
                )
            );
        }
        var begin = last - ((count - 1) * step);
        var input = new List<(SeriesLabels, double[])>();
        foreach (var selector in selectors)
        {
            var range = new TimeRange(DateTimeOffset.FromUnixTimeMilliseconds(begin), DateTimeOffset.FromUnixTimeMilliseconds(last));
            switch (await upstreams.For(wish.EnvironmentId).Prometheus.QueryRangeAsync(selector, range, interval, cancellationToken))
            {
                case Fetch<MatrixResult>.Unavailable { Reason: var reason }:
                    return (null, $"No test was made: {reason}");
                case Fetch<MatrixResult>.Rejected { Reason: var reason }:
                    return (null, $"No test was made: {reason}");
                case Fetch<MatrixResult>.Ok { Value: { Histograms.Count: > 0 } }:
                    return (null, "The expression reads native histograms. Generated tests do not support them.");
                case Fetch<MatrixResult>.Ok { Value.Series: var series }:
                    foreach (var one in series)
                        input.Add((one.Labels, Placed(one, begin, step, count)));
                    break;
            }
            if (input.Count > MostSeries)
            {
                return (null, $"The expression looks at more than {MostSeries} series there. Narrow it down, or write the test by hand.");
            }
        }
        if (input.Count == 0)
            return (null, "There were no samples in that stretch, so there is nothing to test with.");
        var looks = wish.MustFire ? [TimeSpan.FromMilliseconds(last - begin)] : QuietTimes(wish, begin, last, step);
        var expected = wish.MustFire ? await ExpectedAsync(wish, last, cancellationToken) : [];
        var at = DateTimeOffset.FromUnixTimeMilliseconds(last).UtcDateTime;
        var name = string.Create(
            CultureInfo.InvariantCulture,
            $"{(wish.MustFire ? "fires on" : "stays quiet on")} what was there {at:d MMM yyyy HH:mm} UTC"
        );
        var test = new RuleTest(name, interval, input, wish.Rule.Name, looks, expected);
        return (wish.MustFire ? await ExactAsync(wish, test, cancellationToken) : test, null);
    }

    /// <summary>The alerts that promtool found in a test that failed for naming others.</summary>
    public static IReadOnlyList<ExpectedAlert> Got(string output)
    {
        var got = output.IndexOf("got:[", StringComparison.Ordinal);
        return got < 0
            ? []
            :
            [
                .. GotAlert()
                    .Matches(output[got..])
                    .Select(match => new ExpectedAlert(
                        Words(match.Groups["labels"].Value, "alertname"),
                        Words(match.Groups["words"].Value, "")
                    )),
            ];

        // Written like the matchers of a selector.
        static Dictionary<string, string> Words(string written, string without)
        {
            if (PromqlParser.Parse($"x{{{written}}}", out _) is not PromqlSelector selector)
                return [];
            var labels = selector.Matchers.Where(one => one.Label != without);
            return labels.ToDictionary(one => one.Label, one => one.Value, StringComparer.Ordinal);
        }
    }

    /// <summary>
    /// Where promtool is at hand the expected words are those it finds: a rate over the evenly spaced samples of a test may differ in a
    /// late digit from the real one.
    /// </summary>
    private async Task<RuleTest> ExactAsync(TestWish wish, RuleTest test, CancellationToken cancellationToken)
    {
        if (promtool.Program is null || wish.Firings.Count == 0 || RuleYaml.File(wish.Group, wish.Rule) is not { } rules)
            return test;
        var run = await promtool.RunAsync(rules.Text, RuleTestFile.Add("", test, wish.Interval), cancellationToken);
        return run.Outcomes is [{ Passed: false, Output: var output }] && Got(output) is { Count: > 0 } got
            ? test with
            {
                Expected = got,
            }
            : test;
    }

    private async Task<IReadOnlyList<ExpectedAlert>> ExpectedAsync(TestWish wish, long at, CancellationToken cancellationToken)
    {
        var moment = DateTimeOffset.FromUnixTimeMilliseconds(at);
        var value = wish.Firings.Count > 0 ? wish.Rule.Expression : AlertCondition.Of(wish.Rule.Expression)?.Value ?? wish.Rule.Expression;
        var prometheus = upstreams.For(wish.EnvironmentId).Prometheus;
        if (await prometheus.QueryAsync(value, moment, cancellationToken) is not Fetch<QueryResult>.Ok { Value.Series: var samples })
        {
            return [new ExpectedAlert(wish.Rule.LabelsOver(wish.Group.Labels), new Dictionary<string, string>())];
        }
        var firing = wish.Firings.Where(span => span.From <= at && span.To >= at).Select(span => span.Labels).ToHashSet();
        var alerts = samples.Select(sample => (Alert: Alert(wish, sample, moment), Sample: sample)).ToList();
        var wanted = alerts.Where(one =>
            firing.Count == 0 || firing.Contains(new SeriesLabels(one.Alert.Labels.Append(new("alertname", wish.Rule.Name))))
        );
        return [.. wanted.Select(one => one.Alert)];
    }

    private static ExpectedAlert Alert(TestWish wish, MetricSeries sample, DateTimeOffset at)
    {
        var data = new AlertTemplateData(sample.Labels.Values, sample.Count > 0 ? sample.Values.Span[^1] : double.NaN, at);
        var labels = sample
            .Labels.Values.Where(label => label.Key != PromqlMatcher.Name)
            .ToDictionary(label => label.Key, label => label.Value, StringComparer.Ordinal);
        foreach (var (name, text) in wish.Rule.LabelsOver(wish.Group.Labels))
            labels[name] = AlertTemplate.ExpandOrReport(text, data);
        var annotations = wish.Rule.Annotations.ToDictionary(
            one => one.Key,
            one => AlertTemplate.ExpandOrReport(one.Value, data),
            StringComparer.Ordinal
        );
        return new ExpectedAlert(labels, annotations);
    }

    /// <summary>
    /// The evaluation at which the test looks last: where the draft fires, the last one in the window; otherwise the window's end.
    /// </summary>
    private static long LastLook(TestWish wish)
    {
        var (start, end) = (wish.Window.Start.ToUnixTimeMilliseconds(), wish.Window.End.ToUnixTimeMilliseconds());
        var firing = wish.MustFire ? wish.Firings.Where(span => span.From <= end && span.To >= start).ToList() : [];
        var step = Step(wish);
        return firing.Count == 0
            ? end
            : firing.Max(span => span.To <= end ? span.To : span.To - ((span.To - end + step - 1) / step * step));
    }

    private static long Step(TestWish wish) => (long)wish.Interval.TotalMilliseconds;

    private static List<TimeSpan> QuietTimes(TestWish wish, long begin, long last, long step)
    {
        var first = Math.Max(0, (wish.Window.Start.ToUnixTimeMilliseconds() - begin) / step);
        var end = (last - begin) / step;
        var looks = (int)Math.Min(QuietLooks, end - first + 1);
        return
        [
            .. Enumerable
                .Range(0, looks)
                .Select(look => first + ((end - first) * look / Math.Max(1, looks - 1)))
                .Distinct()
                .Select(place => TimeSpan.FromMilliseconds(place * step)),
        ];
    }

    private static double[] Placed(MetricSeries series, long begin, long step, int count)
    {
        var values = Enumerable.Repeat(double.NaN, count).ToArray();
        for (var i = 0; i < series.Count; i++)
        {
            var place = (int)((series.Times.Span[i] - begin) / step);
            if (place >= 0 && place < count)
                values[place] = series.Values.Span[i];
        }
        return values;
    }

    [GeneratedRegex(@"Labels:\{(?<labels>[^\n]*)\}\s*\n\s*Annotations:\{(?<words>[^\n]*)\}", RegexOptions.CultureInvariant)]
    private static partial Regex GotAlert();
}
