using System.Collections.Concurrent;
using Archon.Data.Catalogue;
using Archon.Features.Forecasts;
using Archon.Features.Incidents;
using Archon.Features.Notifications;
using Archon.Features.Rules.Catalogue;
using Archon.Features.Scanning;
using Archon.Features.Services;
using Archon.Tests.Kit;
using Microsoft.EntityFrameworkCore;
using Npgsql;
using Xunit;

namespace Archon.Tests.Features.Watches;

/// <summary>A slow Prometheus or Alertmanager keeps no transaction open, and with it no lock and no connection.</summary>
[SystemTest]
public sealed class OpenTransactionTests(PostgresFixture postgres)
{
    private const string Volume = "requests";

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task No_job_has_one_while_it_asks_an_upstream()
    {
        await using var bench = await JobBench.StartAsync(postgres);
        var watch = await WatchAsync(bench);
        var open = new ConcurrentQueue<long>();
        bench.Metrics.BeforeAnswer = async () => open.Enqueue(await OpenAsync(bench));
        (string Name, Func<Task> Run)[] jobs =
        [
            ("discover", () => bench.Get<DiscoverJob>().DiscoverAsync(1, Token)),
            ("scan", () => bench.ScanAsync(watch, TimeSpan.FromMinutes(1))),
            ("fit", () => bench.Get<FitModelsJob>().FitAsync(watch, Token)),
            ("scan again", () => bench.ScanAsync(watch, TimeSpan.FromMinutes(1))),
            ("forecast", () => bench.Get<ForecastJob>().ForecastAsync(watch, Token)),
            ("forecast again", () => ForecastLaterAsync(bench, watch)),
            ("triage", () => bench.Get<TriageJob>().TriageAsync(1, Token)),
            ("import rules", () => bench.Get<ImportRulesJob>().ImportAsync(1, Token)),
            ("import channels", () => bench.Get<ImportChannelsJob>().ImportAsync(1, Token)),
        ];

        foreach (var (name, run) in jobs)
        {
            open.Clear();
            await run();
            Assert.True(!open.IsEmpty, $"{name} asked nothing.");
            Assert.True(open.All(count => count == 0), $"{name} had a transaction open: {string.Join(' ', open)}");
        }
        Assert.NotEmpty(bench.Metrics.PostedAlerts);
    }

    [Fact]
    public async Task The_check_sees_an_open_transaction()
    {
        await using var bench = await JobBench.StartAsync(postgres);
        await using var db = await bench.Database.Contexts.CreateDbContextAsync(Token);
        await using var transaction = await db.Database.BeginTransactionAsync(Token);
        await db.Watches.CountAsync(Token);

        Assert.Equal(1, await OpenAsync(bench));
    }

    private static async Task ForecastLaterAsync(JobBench bench, int watch)
    {
        bench.Clock.Advance(TimeSpan.FromHours(1));
        await bench.Get<ForecastJob>().ForecastAsync(watch, Token);
    }

    /// <summary>A disk that was half full two days ago and is full in two days, with a guard of requests.</summary>
    private static async Task<int> WatchAsync(JobBench bench)
    {
        var (start, full) = (JobBench.Start.AddDays(-10).ToUnixTimeSeconds(), JobBench.Start.AddDays(2).ToUnixTimeSeconds());
        bench.Metrics.Serve("disk", "shop", at => at < start ? null : Math.Min(1, 1 - ((full - at) / TimeSpan.FromDays(8).TotalSeconds)));
        bench.Metrics.Serve(Volume, "shop", _ => 1000);
        var id = await bench.AddWatchAsync("disk");
        await using var db = await bench.Database.Contexts.CreateDbContextAsync(Token);
        await db
            .Watches.Where(one => one.Id == id)
            .ExecuteUpdateAsync(
                set =>
                    set.SetProperty(one => one.Signal, WatchSignal.Saturation)
                        .SetProperty(one => one.Unit, "1")
                        .SetProperty(one => one.Limit, 1)
                        .SetProperty(one => one.VolumeQuery, Volume),
                Token
            );
        return id;
    }

    /// <summary>Transactions of this database that wait for their program.</summary>
    private static async Task<long> OpenAsync(JobBench bench)
    {
        await using var connection = new NpgsqlConnection(bench.Database.ConnectionString);
        await connection.OpenAsync(Token);
        await using var ask = new NpgsqlCommand(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND state LIKE 'idle in transaction%'",
            connection
        );
        return (long)(await ask.ExecuteScalarAsync(Token))!;
    }
}
