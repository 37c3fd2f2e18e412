using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Text;
using Archon.Analysis.RuleReplay;
using Archon.Analysis.Series;
using Archon.Features.Rules.Backtest;
using Archon.Tests.Kit;
using Xunit;

namespace Archon.Tests.Benchmarks;

/// <summary>What a backtest costs the console: reading what a server answers, and replaying it.</summary>
[SystemTest]
public sealed class RuleBench(BenchTable table)
{
    private const int Instances = 20;
    private const double MostSeconds = 3;
    private static readonly TimeSpan Step = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan Past = TimeSpan.FromDays(30);

    [Fact(Explicit = true)]
    public async Task A_month_of_twenty_instances()
    {
        var token = TestContext.Current.CancellationToken;
        var answers = new ConcurrentDictionary<string, byte[]>();
        await using var server = await FakeUpstream.StartAsync(async context =>
        {
            var body = answers.GetOrAdd(
                context.Request.QueryString.Value!,
                _ =>
                    Matrix(
                        decimal.Parse(context.Request.Query["start"]!, CultureInfo.InvariantCulture),
                        decimal.Parse(context.Request.Query["end"]!, CultureInfo.InvariantCulture)
                    )
            );
            context.Response.ContentType = "application/json";
            await context.Response.Body.WriteAsync(body, token);
        });
        var end = new DateTimeOffset(2026, 11, 25, 0, 0, 0, TimeSpan.Zero);
        var request = new BacktestRequest(
            new ReplayRule(
                "Down",
                TimeSpan.FromMinutes(5),
                TimeSpan.FromMinutes(2),
                new Dictionary<string, string> { ["severity"] = "critical", ["who"] = "{{ $labels.instance }}" }
            ),
            "load > 5",
            GroupSchedule.Through(end, Step),
            new TimeRange(end - Past, end)
        );
        var backtest = new RuleBacktest(UpstreamClients.Prometheus(server.Address));

        await backtest.HistoryAsync(request, null, token); // the answers are made now, and the code is compiled
        var best = TimeSpan.MaxValue;
        var firings = 0;
        for (var round = 0; round < 3; round++)
        {
            var clock = Stopwatch.StartNew();
            var (history, stopped) = await backtest.HistoryAsync(request, null, token);
            best = clock.Elapsed < best ? clock.Elapsed : best;
            Assert.Null(stopped);
            firings = history.Summary().Firings;
        }

        Assert.True(firings > 10_000);
        BenchTable.Note($"{answers.Values.Sum(body => (long)body.Length) / 1e6:0} MB of answers, {firings:N0} firings");
        table.Add(new BenchRow("backtest of 30 days at 15 s, 20 instances", best.TotalSeconds, "s", MostSeconds, true));
        Assert.True(best.TotalSeconds <= MostSeconds, $"took {best}");
    }

    /// <summary>Each instance is in the result two thirds of the time, in stretches of 25 minutes.</summary>
    private static byte[] Matrix(decimal start, decimal end)
    {
        var text = new StringBuilder("{\"status\":\"success\",\"data\":{\"resultType\":\"matrix\",\"result\":[");
        for (var instance = 0; instance < Instances; instance++)
        {
            text.Append(instance == 0 ? "" : ",")
                .Append(
                    CultureInfo.InvariantCulture,
                    $"{{\"metric\":{{\"__name__\":\"load\",\"instance\":\"host-{instance}:9100\",\"job\":\"node\"}},\"values\":["
                );
            var isFirst = true;
            for (var at = start; at <= end; at += 15)
            {
                if (((int)(at / 1500) + instance) % 3 == 0)
                    continue;
                text.Append(isFirst ? "" : ",").Append(CultureInfo.InvariantCulture, $"[{at},\"{5 + (at % 7 / 3):0.######}\"]");
                isFirst = false;
            }
            text.Append("]}");
        }
        return Encoding.UTF8.GetBytes(text.Append("]}}").ToString());
    }
}
