using System.Diagnostics;
using System.Globalization;
using System.Text;
using Archon.Data.Rules;
using Archon.Features.Rules.Backtest;
using Archon.Features.Rules.FromAnomaly;
using Archon.Features.Rules.Noise;
using Archon.Features.Services;
using Archon.Integrations;
using Archon.Integrations.Prometheus;
using Archon.Tests.Kit;
using Microsoft.EntityFrameworkCore;
using Xunit;

namespace Archon.Tests.Features.Rules.Noise;

[SystemTest]
public sealed class NoiseQueriesTests(PostgresFixture postgres)
{
    private const string NooneThere = "http://127.0.0.1:9/";

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Firings_come_from_the_history_and_responses_from_the_database()
    {
        await using var bench = await RuleBench.StartAsync(postgres);
        var id = await bench.SavedAsync(RuleBench.New("shop.yml", "shop", RuleBench.Alert("Down", "up == 0")));
        var hour = DateTimeOffset.UtcNow.ToUnixTimeSeconds() / 3600 * 3600;
        bench.Metrics.Queries["ALERTS{alertstate=\"firing\"}"] =
        [
            (
                new()
                {
                    ["__name__"] = "ALERTS",
                    ["alertname"] = "Down",
                    ["alertstate"] = "firing",
                    ["job"] = "shop",
                },
                at => at >= hour - 7200 && at < hour - 6600 ? 1 : null
            ),
        ];
        bench.Metrics.Queries["count(up)"] = [([], _ => 1)];
        var queries = Queries(bench);

        var before = await ReadAsync(queries);
        var row = Assert.Single(before.Rows);
        Assert.Equal((id, 1, TimeSpan.FromMinutes(10), false), (row.Rule!.Id, row.Firings, row.FiringTime, row.IsKnown));
        Assert.NotNull(before.NoSilences);

        var commands = new AlertResponseCommands(TestActor.Gate(bench.Contexts, TimeProvider.System), TimeProvider.System);
        await commands.SetAsync(
            RuleBench.Environment,
            row.Last[0].Firing,
            id,
            AlertResponseKind.ActedOn,
            isGiven: true,
            TestActor.Named("ada"),
            Token
        );
        await commands.SetAsync(
            RuleBench.Environment,
            row.Last[0].Firing with
            {
                From = row.Last[0].Firing.From + 60_000,
            },
            id,
            AlertResponseKind.ActedOn,
            isGiven: true,
            TestActor.Named("bob"),
            Token
        );

        var after = (await ReadAsync(queries)).Rows.Single();
        Assert.Equal((1, 1, 1), (after.Answered, after.Acknowledged, after.ActedOn));
        Assert.Equal("ada", after.Last[0].Responses.Single().By);
        await commands.SetAsync(
            RuleBench.Environment,
            row.Last[0].Firing,
            id,
            AlertResponseKind.ActedOn,
            isGiven: false,
            TestActor.Named("bob"),
            Token
        );
        Assert.False((await ReadAsync(queries)).Rows.Single().IsKnown);
        Assert.Equal(
            [("ada", "alert.respond", "Down"), ("bob", "alert.respond.withdraw", "Down")],
            (
                await bench.ReadAsync(db => db.AuditEntries.Where(one => one.Subject == "Down").OrderBy(one => one.Id).ToListAsync(Token))
            ).Select(one => (one.Actor, one.Action, one.Subject))
        );
    }

    [Fact]
    public async Task A_server_that_does_not_answer_is_reported_and_never_looks_quiet()
    {
        await using var bench = await RuleBench.StartAsync(postgres);
        var away = UpstreamClients.At(new Uri(NooneThere), new Uri(NooneThere));

        Assert.IsType<Fetch<NoisePicture>.Unavailable>(
            await Queries(bench, away).PictureAsync(RuleBench.Environment, TimeSpan.FromDays(7), new Progress<double>(), Token)
        );
    }

    [Fact]
    public async Task A_server_that_runs_for_minutes_says_since_when_it_knows()
    {
        await using var bench = await RuleBench.StartAsync(postgres);
        await bench.SavedAsync(RuleBench.New("shop.yml", "shop", RuleBench.Alert("Down", "up == 0")));
        var since = (DateTimeOffset.UtcNow.ToUnixTimeSeconds() / 60 * 60) - (6 * 60);
        bench.Metrics.Queries["count(up)"] = [([], at => at >= since ? 1 : null)];

        var picture = await ReadAsync(Queries(bench));

        Assert.Empty(picture.Rows);
        Assert.False(picture.Known.IsWhole);
        Assert.InRange(picture.Known.Since!.Value.ToUnixTimeSeconds(), since, since + 60);
        Assert.Matches("^Known since 12:04 \\([78] min of the 7 d asked for\\)$", picture.Known.Words(_ => "12:04"));
    }

    [Fact]
    public async Task Rules_that_are_known_since_just_now_were_not_quiet_for_a_week()
    {
        await using var bench = await RuleBench.StartAsync(postgres);
        var before = DateTimeOffset.UtcNow;
        await bench.SavedAsync(RuleBench.New("shop.yml", "shop", RuleBench.Alert("Down", "up == 0")));
        bench.Metrics.Queries["count(up)"] = [([], _ => 1)];

        var picture = await ReadAsync(Queries(bench));

        Assert.True(picture.Known.IsWhole);
        Assert.InRange(picture.RulesSince!.Value, before.AddMilliseconds(-1), DateTimeOffset.UtcNow);
        Assert.False(picture.IsSilenceKnown);
        Assert.True((picture with { RulesSince = picture.Known.Asked.Start }).IsSilenceKnown);
    }

    [Fact]
    public async Task Where_the_span_cannot_be_asked_for_it_was_not_checked()
    {
        await using var bench = await RuleBench.StartAsync(postgres);

        var picture = await ReadAsync(Queries(bench));
        var failed = new KnownTime(picture.Known.Asked, null, TimeSpan.Zero, "timed out");

        Assert.False(picture.Known.IsWhole);
        Assert.StartsWith("Unknown: no samples of the metric up", picture.Known.Words(_ => ""), StringComparison.Ordinal);
        Assert.Equal("Could not check since when the server has records: timed out", failed.Words(_ => ""));
    }

    [Fact]
    public async Task A_real_server_reports_the_same_evaluates_the_proposed_rules_and_bears_the_advice_out()
    {
        // A load that goes up for four minutes out of every thirty, and an alert on it, over the last ten hours.
        var end = DateTimeOffset.FromUnixTimeSeconds(DateTimeOffset.UtcNow.ToUnixTimeSeconds() / 1800 * 1800);
        await using var server = await RealPrometheus.StartAsync(
            "global: {evaluation_interval: 1m}\n",
            Token,
            folder => HistoryAsync(folder, end),
            "--storage.tsdb.retention.time=30d"
        );
        var prometheus = UpstreamClients.Prometheus(server.Address);
        await using var bench = await RuleBench.StartAsync(postgres, null, server.Address);
        var id = await bench.SavedAsync(RuleBench.New("shop.yml", "shop", RuleBench.Alert("Busy", "load > 5")));

        var row = Assert.Single((await ReadAsync(Queries(bench))).Rows);
        Assert.Equal((id, 20, 0, 1), (row.Rule!.Id, row.Firings, row.Flaps, row.Instances));

        var advisor = new NoiseAdvisor(
            bench.Queries,
            new TroubleQueries(bench.Contexts),
            bench.Upstreams,
            new BacktestSampleCache(TimeProvider.System),
            TimeProvider.System
        );
        var reported = await advisor.AdviseAsync(id, Token);
        Assert.True(reported.IsChecked, reported.Words);

        const string Load = "load{service=\"shop\"}";
        foreach (
            var expression in (string[])
                [
                    SeasonalExpression.Times(Load, ">", 1.5)!,
                    SeasonalExpression.Plus("sum by (service) (load) / 2", "<", 3)!,
                    NarrowedExpression.To("topk(3, load)", new Dictionary<string, string> { ["service"] = "shop" })!,
                ]
        )
        {
            Assert.IsType<Fetch<QueryResult>.Ok>(await prometheus.QueryAsync(expression, end, Token));
        }
    }

    private static NoiseQueries Queries(RuleBench bench, Upstreams? upstreams = null) =>
        new(bench.Contexts, bench.Queries, upstreams ?? bench.Upstreams, TimeProvider.System);

    private static async Task<NoisePicture> ReadAsync(NoiseQueries queries) =>
        Assert
            .IsType<Fetch<NoisePicture>.Ok>(
                await queries.PictureAsync(RuleBench.Environment, TimeSpan.FromDays(7), new Progress<double>(), Token)
            )
            .Value;

    private static async Task HistoryAsync(string folder, DateTimeOffset end)
    {
        var (load, alerts, up) = (new StringBuilder(), new StringBuilder(), new StringBuilder());
        for (var at = end.AddHours(-10); at < end; at = at.AddMinutes(1))
        {
            var isBusy = at.Minute % 30 < 4;
            load.Append(CultureInfo.InvariantCulture, $"load{{service=\"shop\"}} {(isBusy ? 10 : 1)} {at.ToUnixTimeSeconds()}\n");
            up.Append(CultureInfo.InvariantCulture, $"up{{job=\"shop\"}} 1 {at.ToUnixTimeSeconds()}\n");
            // A stale marker ends an alert on a server that evaluates; a block without one ends it by its next sample's absence for five minutes.
            if (isBusy)
                alerts.Append(
                    CultureInfo.InvariantCulture,
                    $"ALERTS{{alertname=\"Busy\",alertstate=\"firing\",service=\"shop\"}} 1 {at.ToUnixTimeSeconds()}\n"
                );
        }
        var file = Path.Combine(folder, "history.om");
        await File.WriteAllTextAsync(file, $"# TYPE load gauge\n{load}# TYPE ALERTS gauge\n{alerts}# TYPE up gauge\n{up}# EOF\n", Token);
        using var process = Process.Start(
            new ProcessStartInfo(Tools.Find("promtool"), ["tsdb", "create-blocks-from", "openmetrics", file, Path.Combine(folder, "data")])
            {
                RedirectStandardOutput = true,
                RedirectStandardError = true,
            }
        )!;
        var (said, failed) = (process.StandardOutput.ReadToEndAsync(Token), process.StandardError.ReadToEndAsync(Token));
        await process.WaitForExitAsync(Token);
        Assert.True(process.ExitCode == 0, $"{await said}{await failed}");
    }
}
