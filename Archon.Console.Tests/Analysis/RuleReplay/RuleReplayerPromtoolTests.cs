using System.Globalization;
using System.Text;
using Archon.Analysis.Promql;
using Archon.Analysis.RuleReplay;
using Archon.Analysis.Series;
using Archon.Tests.ConfigFiles.Rules;
using Archon.Tests.Kit;
using Xunit;

namespace Archon.Tests.Analysis.RuleReplay;

/// <summary>Hours of made-up data go through the rule engine of the real promtool, which is told what the replay says of every minute and objects to any difference.</summary>
[SystemTest]
public sealed class RuleReplayerPromtoolTests
{
    private const long Minute = 60_000;

    private static readonly Shape[] Shapes =
    [
        new("AtOnce", "m > 5", "0s", "0s", "", m => m.Where(one => one.Value > 5)),
        new("Held", "m > 5", "3m", "0s", "", m => m.Where(one => one.Value > 5)),
        new("HeldBetween", "m > 5", "2m30s", "0s", "", m => m.Where(one => one.Value > 5)),
        new("HeldLong", "m > 3", "47m", "0s", "", m => m.Where(one => one.Value > 3)),
        new("Kept", "m > 5", "0s", "2m", "", m => m.Where(one => one.Value > 5)),
        new("KeptBetween", "m > 5", "0s", "90s", "", m => m.Where(one => one.Value > 5)),
        new("HeldAndKept", "m > 5", "3m", "4m", "", m => m.Where(one => one.Value > 5)),
        new("KeptForAges", "m > 6", "1m", "3h", "", m => m.Where(one => one.Value > 6)),
        new("Low", "m < 2", "1m", "1m", "", m => m.Where(one => one.Value < 2)),
        new(
            "Labelled",
            "m > 5",
            "2m",
            "0s",
            "severity: page, who: '{{ $labels.instance | toUpper }}', job: mine, gone: '{{ $labels.nothing }}'",
            m => m.Where(one => one.Value > 5)
        ),
        new("Valued", "m > 5", "2m", "3m", "level: '{{ printf \"%.0f\" $value }}'", m => m.Where(one => one.Value > 5)),
        new(
            "Absent",
            "absent(m{instance='a'})",
            "2m",
            "0s",
            "",
            m => m.Any(one => one.Labels["instance"] == "a") ? [] : [new ReplaySample(new SeriesLabels([new("instance", "a")]), 1)]
        ),
        new(
            "Summed",
            "sum(m > 5)",
            "4m",
            "2m",
            "",
            m =>
                m.Any(one => one.Value > 5)
                    ? [new ReplaySample(SeriesLabels.None, m.Where(one => one.Value > 5).Sum(one => one.Value))]
                    : []
        ),
        new("Always", "vector(1)", "30m", "0s", "", _ => [new ReplaySample(SeriesLabels.None, 1)]),
        new("Never", "m > 1000", "0s", "5m", "", _ => []),
    ];

    [Fact]
    public async Task Every_minute_has_the_alerts_that_the_real_engine_has()
    {
        var compared = await CompareAsync(seed: 20261125, minutes: 240);

        Assert.True(compared > 5000, $"only {compared} states were compared");
    }

    /// <summary>Fails with the words of promtool where the two differ.</summary>
    /// <returns>How many states were compared.</returns>
    internal static async Task<int> CompareAsync(int seed, int minutes)
    {
        var folder = Directory.CreateTempSubdirectory("archon-promtool-").FullName;
        try
        {
            await File.WriteAllTextAsync(Path.Combine(folder, "rules.yml"), Rules(), TestContext.Current.CancellationToken);
            await File.WriteAllTextAsync(
                Path.Combine(folder, "test.yml"),
                UnitTest(Series(seed, minutes), minutes, out var expected),
                TestContext.Current.CancellationToken
            );

            var (exitCode, output) = await RuleFileTests.CheckAsync(Path.Combine(folder, "test.yml"), "test");

            Assert.True(exitCode == 0, $"seed {seed}: {(output.Length > 4000 ? output[..4000] : output)}");
            return expected;
        }
        finally
        {
            Directory.Delete(folder, true);
        }
    }

    private static string Rules() =>
        "groups:\n- name: g\n  rules:\n"
        + string.Concat(
            Shapes.Select(shape =>
                $"  - {{alert: {shape.Name}, expr: \"{shape.Expression}\", for: {shape.For}, keep_firing_for: {shape.Keep}, labels: {{{shape.Labels}}}}}\n"
            )
        );

    /// <summary>Values from 0 to 9 that stay and jump; now and then one is missing for less than the look-back, or the series ends with a stale marker and comes back.</summary>
    private static Dictionary<string, string[]> Series(int seed, int minutes)
    {
        var random = new Random(seed);
        return ((string[])["a", "b", "c", "d"]).ToDictionary(
            instance => instance,
            instance =>
            {
                var values = new string[minutes];
                var (level, missing) = (random.Next(10), 0);
                for (var i = 0; i < minutes; i++)
                {
                    if (missing != 0)
                    {
                        values[i] = "_";
                        missing--;
                        continue;
                    }
                    if (random.NextDouble() < 0.25)
                        level = random.Next(10);
                    values[i] = level.ToString(CultureInfo.InvariantCulture);
                    if (random.NextDouble() < 0.03)
                        missing = random.Next(1, 4);
                    else if (random.NextDouble() < 0.02)
                    {
                        values[i] = "stale";
                        missing = random.Next(0, 30);
                    }
                }
                return values;
            }
        );
    }

    private static string UnitTest(Dictionary<string, string[]> series, int minutes, out int expected)
    {
        var text = new StringBuilder("rule_files: [rules.yml]\nevaluation_interval: 1m\ntests:\n- interval: 1m\n  input_series:\n");
        foreach (var (instance, values) in series)
            text.Append(
                CultureInfo.InvariantCulture,
                $"  - {{series: 'm{{instance=\"{instance}\",job=\"j\"}}', values: '{string.Join(' ', values)}'}}\n"
            );
        text.Append("  promql_expr_test:\n");
        var known = series.ToDictionary(
            one => one.Key,
            one => new SeriesLabels([new("__name__", "m"), new("instance", one.Key), new("job", "j")])
        );
        var replays = Shapes.ToDictionary(shape => shape, shape => new RuleReplayer(shape.Rule()));
        expected = 0;
        var last = series.ToDictionary(one => one.Key, _ => (At: -100, Value: "stale"));
        for (var minute = 0; minute < minutes; minute++)
        {
            foreach (var (instance, values) in series)
            {
                if (values[minute] != "_")
                    last[instance] = (minute, values[minute]);
            }
            List<ReplaySample> now =
            [
                .. last.Where(one => one.Value.Value != "stale" && minute - one.Value.At < 5)
                    .Select(one => new ReplaySample(known[one.Key], double.Parse(one.Value.Value, CultureInfo.InvariantCulture))),
            ];
            var (states, since) = (new StringBuilder(), new StringBuilder());
            foreach (var (shape, replay) in replays)
            {
                var step = replay.Evaluate(minute * Minute, shape.Result(now).ToArray());
                Assert.Null(step.Failure);
                foreach (var alert in step.Active)
                {
                    var state = alert.State == AlertState.Firing ? "firing" : "pending";
                    Sample(states, $"ALERTS{{alertstate=\"{state}\",{alert.Recorded.Key}}}", 1);
                    Sample(since, $"ALERTS_FOR_STATE{{{alert.Recorded.Key}}}", alert.ActiveAt / 1000);
                    expected += 2;
                }
            }
            text.Append(CultureInfo.InvariantCulture, $"  - {{expr: ALERTS, eval_time: {minute}m, exp_samples: [{states}]}}\n");
            text.Append(CultureInfo.InvariantCulture, $"  - {{expr: ALERTS_FOR_STATE, eval_time: {minute}m, exp_samples: [{since}]}}\n");
        }
        return text.ToString();

        static void Sample(StringBuilder to, string labels, long value) =>
            to.Append(
                CultureInfo.InvariantCulture,
                $"{{labels: '{labels.Replace("'", "''", StringComparison.Ordinal)}', value: {value}}},"
            );
    }

    private sealed record Shape(
        string Name,
        string Expression,
        string For,
        string Keep,
        string Labels,
        Func<IReadOnlyList<ReplaySample>, IEnumerable<ReplaySample>> Result
    )
    {
        public ReplayRule Rule()
        {
            Assert.True(PrometheusDuration.TryParse(For, out var pendingPeriod));
            Assert.True(PrometheusDuration.TryParse(Keep, out var keep));
            var file = RuleCorpus.Read($"groups:\n- name: g\n  rules:\n  - {{alert: A, expr: up, labels: {{{Labels}}}}}\n");
            return new ReplayRule(Name, pendingPeriod, keep, file.Groups[0].Rules[0].Content.Labels);
        }
    }
}
