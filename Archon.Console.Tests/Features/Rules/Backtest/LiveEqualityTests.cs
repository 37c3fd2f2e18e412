using System.Diagnostics;
using System.Globalization;
using System.Text;
using Archon.Analysis.RuleReplay;
using Archon.Analysis.Series;
using Archon.ConfigFiles.Rules;
using Archon.Features.Rules.Backtest;
using Archon.Integrations;
using Archon.Integrations.Prometheus;
using Archon.Tests.ConfigFiles.Rules;
using Archon.Tests.Kit;
using Xunit;

namespace Archon.Tests.Features.Rules.Backtest;

/// <summary>
/// A running Prometheus evaluates rules of every shape each second. What they look at was recorded beforehand, with gaps, restarts and series that end, in
/// another Prometheus that it reads from, so that both the rules and their replay see the same whenever they look. Then every sample of ALERTS and
/// ALERTS_FOR_STATE is compared.
/// </summary>
[SystemTest, LongTest]
public sealed class LiveEqualityTests
{
    private const int Evaluations = 40;

    // Short enough that gaps of a few seconds are gaps.
    private const string LookBack = "--query.lookback-delta=3s";

    private const string Rules = """
        groups:
        - name: shapes
          interval: 1s
          rules:
          - {record: tick, expr: vector(1)}
          - {record: "job:load:sum", expr: sum by (job) (load) > 12}
          - {alert: AtOnce, expr: load > 5}
          - {alert: Held, expr: load > 5, for: 3s}
          - {alert: HeldBetween, expr: load > 5, for: 2500ms}
          - {alert: Kept, expr: load > 5, keep_firing_for: 4s}
          - {alert: HeldAndKept, expr: load > 5, for: 2s, keep_firing_for: 3s}
          - {alert: Labelled, expr: load > 5, for: 1s, labels: {who: "{{ $labels.instance | toUpper }}", job: mine, gone: "{{ $labels.nothing }}"}}
          - {alert: Valued, expr: load > 5, for: 1s, labels: {level: '{{ printf "%.0f" $value }}'}}
          - {alert: Collides, expr: load > 5, for: 1s, labels: {instance: ""}}
          - {alert: Rate, expr: "rate(requests_total[5s]) > 12", for: 2s}
          - {alert: Restarted, expr: "resets(requests_total[6s]) > 0"}
          - {alert: Absent, expr: 'absent(load{instance="c"})', for: 1s}
          - {alert: Gone, expr: 'load{instance="c"} offset 3s unless load{instance="c"}'}
          - {alert: Ratio, expr: "load / on (instance) group_left () capacity > 0.5", for: 2s}
          - {alert: Joined, expr: 'count by (job) (load > 4) > 1 and on (job) sum by (job) (load) > 10', keep_firing_for: 2s}
          - {alert: Recorded, expr: "job:load:sum > 15", for: 1s}
          - {alert: ByClock, expr: "vector(time() % 10) > 4", for: 2s}
          - {alert: Scalar, expr: "scalar(sum(load))", for: 5s}
          - {alert: SubQuery, expr: "max_over_time(sum(load)[4s:1s]) > 20", for: 1s}
          - {alert: ManyToMany, expr: 'load * on (job) load > 0'}
          - {alert: Ends, expr: "load > 5 and load offset 1s @ end() > 3"}
        - name: limited
          interval: 1s
          limit: 2
          rules:
          - {record: tick2, expr: vector(1)}
          - {alert: Limited, expr: load > 5, for: 2s}
        """;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    /// <summary>Explicit: a server that shares its cores skips evaluations, and then there is nothing to compare.</summary>
    [Fact(Explicit = true)]
    public async Task The_replay_of_a_rule_has_every_sample_of_ALERTS_that_a_running_Prometheus_wrote()
    {
        var folder = Directory.CreateTempSubdirectory("archon-live-").FullName;
        try
        {
            var rules = Path.Combine(folder, "rules.yml");
            await File.WriteAllTextAsync(rules, Rules, Token);
            await using var recorded = await RealPrometheus.StartAsync("global: {}", Token, data => RecordAsync(folder, data), LookBack);
            await using var server = await RealPrometheus.StartAsync(
                $"{{rule_files: ['{rules}'], remote_read: [{{url: '{recorded.Address}api/v1/read', read_recent: true}}]}}",
                Token,
                null,
                LookBack
            );
            var prometheus = UpstreamClients.Prometheus(server.Address);
            await Waits.UntilAsync(
                async () => (await TimesAsync(prometheus, "tick2")).Count >= Evaluations,
                Waits.For(TimeSpan.FromMinutes(3))
            );

            var file = RuleCorpus.Read(Rules);
            var served = Assert.IsType<Fetch<IReadOnlyList<PrometheusRuleGroup>>.Ok>(await prometheus.RulesAsync(Token)).Value;
            var version = Assert.IsType<Fetch<ServerVersion>.Ok>(await prometheus.BuildInfoAsync(Token)).Value.Version;
            // First the times, then the alerts: what is evaluated in between is in neither.
            var evaluated = new[] { await TimesAsync(prometheus, "tick"), await TimesAsync(prometheus, "tick2") };
            var actual = await AlertsAsync(prometheus);
            var compared = 0;
            foreach (var group in file.Groups)
            {
                var times = evaluated[group.Index];
                var found = GroupSchedules.Find(rules, group.Content.Name, null, served, version);
                Assert.True(found.IsServed);
                Assert.All(times, time => Assert.Equal(time, found.Schedule.First(time)));
                // A server that was busy skips evaluations, which a replay cannot know: what came before the first gap is compared.
                var last = times[0];
                foreach (var time in times.Skip(1).TakeWhile(time => time == last + 1000))
                    last = time;
                Assert.True(
                    last - times[0] >= 15_000,
                    $"the server skipped an evaluation after {(last - times[0]) / 1000} s; the machine is too busy to compare"
                );

                foreach (var rule in group.Rules.Where(rule => rule.Content.IsAlert))
                {
                    // The server writes ALERTS from its third evaluation on, when it has looked for the state before a restart.
                    var expected = await ReplayAsync(prometheus, rule, found.Schedule, times[0], last, times[2]);
                    var theirs = actual.Where(one => one.Alert == rule.Content.Name && one.At >= times[2] && one.At <= last).ToHashSet();

                    if (!expected.SetEquals(theirs))
                        Assert.Fail(Difference(rule.Content.Name, expected, theirs));
                    compared += theirs.Count;
                }
            }
            Assert.True(compared > 600, $"only {compared} samples were compared");
            Assert.All(
                file.Rules.Where(rule => rule.Content.IsAlert && rule.Content.Name != "ManyToMany"),
                rule => Assert.Contains(actual, one => one.Alert == rule.Content.Name)
            );
        }
        finally
        {
            Directory.Delete(folder, true);
        }
    }

    private static async Task<HashSet<Sample>> ReplayAsync(
        PrometheusClient prometheus,
        FileRule rule,
        GroupSchedule schedule,
        long first,
        long last,
        long from
    )
    {
        var request = new BacktestRequest(
            GroupSchedules.Rule(rule),
            rule.Content.Expression,
            schedule,
            new TimeRange(DateTimeOffset.FromUnixTimeMilliseconds(first), DateTimeOffset.FromUnixTimeMilliseconds(last))
        )
        {
            WarmUp = TimeSpan.Zero,
        };
        var samples = new HashSet<Sample>();
        await foreach (var reported in new RuleBacktest(prometheus).RunAsync(request, Token))
        {
            Assert.False(reported is BacktestEvent.Unavailable or BacktestEvent.Rejected, $"{rule.Content.Name}: {reported}");
            if (reported is not BacktestEvent.Evaluated { At: var at, Active: var active } || at < from)
                continue;
            foreach (var alert in active)
            {
                samples.Add(
                    new Sample(at, rule.Content.Name, alert.State == AlertState.Firing ? "firing" : "pending", alert.Recorded.Key, 1)
                );
                samples.Add(new Sample(at, rule.Content.Name, "for", alert.Recorded.Key, alert.ActiveAt / 1000));
            }
        }
        return samples;
    }

    private static async Task<List<Sample>> AlertsAsync(PrometheusClient prometheus)
    {
        var samples = new List<Sample>();
        foreach (var metric in (string[])["ALERTS", "ALERTS_FOR_STATE"])
        {
            foreach (var series in await SeriesAsync(prometheus, metric))
            {
                var labels = new SeriesLabels(series.Labels.Values.Where(label => label.Key is not ("__name__" or "alertstate")));
                var state = metric == "ALERTS" ? series.Labels["alertstate"] : "for";
                for (var i = 0; i < series.Count; i++)
                    samples.Add(new Sample(series.Times.Span[i], labels["alertname"], state, labels.Key, series.Values.Span[i]));
            }
        }
        return samples;
    }

    private static async Task<IReadOnlyList<long>> TimesAsync(PrometheusClient prometheus, string metric) =>
        await SeriesAsync(prometheus, metric) is [var series] ? [.. series.Times.ToArray()] : [];

    /// <summary>The samples themselves, not what a graph would make of them.</summary>
    private static async Task<IReadOnlyList<MetricSeries>> SeriesAsync(PrometheusClient prometheus, string metric) =>
        Assert.IsType<Fetch<QueryResult>.Ok>(await prometheus.QueryAsync($"{metric}[10m]", null, Token)).Value.Series;

    /// <summary>A sample a second, from before the server starts to long after the comparison has ended.</summary>
    private static async Task RecordAsync(string scratch, string data)
    {
        var random = new Random(7);
        var text = new StringBuilder();
        var start = DateTimeOffset.UtcNow.ToUnixTimeSeconds() - 30;
        text.Append("# TYPE load gauge\n");
        foreach (var instance in (string[])["a", "b", "c", "d"])
        {
            var (level, missing) = (random.Next(10), 0);
            for (var i = 0; i < 240; i++)
            {
                if (random.NextDouble() < 0.25)
                    level = random.Next(10);
                if (missing > 0)
                    missing--;
                else if (random.NextDouble() < 0.06)
                    missing = random.Next(1, 9);
                else
                    Line($"load{{instance=\"{instance}\",job=\"{(instance == "d" ? "other" : "api")}\"}}", level, start + i);
            }
        }
        text.Append("# TYPE capacity gauge\n");
        foreach (var instance in (string[])["a", "b", "c"])
        {
            for (var i = 0; i < 240; i++)
                Line($"capacity{{instance=\"{instance}\"}}", 10, start + i);
        }
        text.Append("# TYPE requests counter\n");
        foreach (var instance in (string[])["a", "b"])
        {
            var (count, pace) = (1000, 10);
            for (var i = 0; i < 240; i++)
            {
                if (random.NextDouble() < 0.2)
                    pace = random.Next(5, 20);
                count = random.NextDouble() < 0.04 ? 0 : count + pace;
                Line($"requests_total{{instance=\"{instance}\"}}", count, start + i);
            }
        }
        text.Append("# EOF\n");
        var file = Path.Combine(scratch, "recorded.txt");
        await File.WriteAllTextAsync(file, text.ToString(), Token);
        using var process = Process.Start(
            new ProcessStartInfo(Tools.Find("promtool"), ["tsdb", "create-blocks-from", "openmetrics", file, Path.Combine(data, "data")])
            {
                RedirectStandardOutput = true,
            }
        )!;
        await process.StandardOutput.ReadToEndAsync(Token);
        await process.WaitForExitAsync(Token);
        Assert.Equal(0, process.ExitCode);

        void Line(string series, double value, long at) => text.Append(CultureInfo.InvariantCulture, $"{series} {value} {at}\n");
    }

    private static string Difference(string alert, HashSet<Sample> expected, HashSet<Sample> actual)
    {
        if (expected.SetEquals(actual))
            return "";
        var text = new StringBuilder(alert);
        foreach (var one in expected.Except(actual).OrderBy(one => one.At).Take(5))
            text.Append(CultureInfo.InvariantCulture, $"\nonly replayed: {one}");
        foreach (var one in actual.Except(expected).OrderBy(one => one.At).Take(5))
            text.Append(CultureInfo.InvariantCulture, $"\nonly recorded: {one}");
        return text.ToString();
    }

    private sealed record Sample(long At, string Alert, string State, string Labels, double Value);
}
