using System.Diagnostics;
using System.Globalization;
using System.Text;
using Archon.Data;
using Archon.Data.Anomalies;
using Archon.Data.Catalogue;
using Archon.Features.Anomalies;
using Archon.Features.Forecasts;
using Archon.Features.Overview;
using Archon.Features.Scanning;
using Archon.Features.Services;
using Archon.Tests.Features.Watches;
using Archon.Tests.Kit;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Xunit;

namespace Archon.Tests.Benchmarks;

/// <summary>What a large estate costs: scans on a real Prometheus and PostgreSQL, and the queries of Overview.</summary>
[SystemTest]
public sealed class ScanBench(PostgresFixture postgres, BenchTable table)
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact(Explicit = true)]
    public async Task Ten_thousand_series_and_two_hundred_services()
    {
        await ScanAsync(series: 10_000);
        await OverviewAsync(services: 200);
    }

    private async Task ScanAsync(int series)
    {
        await using var target = await StartTargetAsync(series);
        var address = target.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single();
        await using var prometheus = await RealPrometheus.StartAsync(
            $$"""
            global: { scrape_interval: 5s, scrape_timeout: 4s }
            scrape_configs: [ { job_name: bench, static_configs: [ { targets: [ '{{new Uri(address).Authority}}' ] } ] } ]
            """,
            Token
        );
        await using var bench = await JobBench.StartOnAsync(postgres, prometheus.Address);
        var watch = await bench.AddWatchAsync("bench_value", AnomalyDirection.Both);
        await bench.ReadAsync(db => db.Watches.ExecuteUpdateAsync(one => one.SetProperty(w => w.Step, TimeSpan.FromSeconds(5)), Token));

        // A band needs twenty samples: a hundred seconds of scrapes. The first scans write every series anew and are not what is measured.
        BenchTable.Note($"waiting until {series:#,0} series have samples enough for a band");
        await bench.Get<ScanJob>().ScanAsync(watch, Token);
        while (await bench.ReadAsync(db => db.WatchedSeries.CountAsync(one => one.Model != null, Token)) < series)
        {
            await Task.Delay(TimeSpan.FromSeconds(5), Token);
            await bench.ReadAsync(db =>
                db.Watches.ExecuteUpdateAsync(one => one.SetProperty(w => w.FittedAt, (DateTimeOffset?)null), Token)
            );
            await bench.Get<FitModelsJob>().FitAsync(watch, Token);
        }
        await bench.Get<ScanJob>().ScanAsync(watch, Token);

        var (own, theirs, wall) = (new List<double>(), new List<double>(), new List<double>());
        using var self = Process.GetCurrentProcess();
        for (var round = 0; round < 5; round++)
        {
            await Task.Delay(TimeSpan.FromSeconds(5.2), Token); // until the next step is due
            self.Refresh();
            var (before, there, began) = (self.TotalProcessorTime, prometheus.ProcessorTime, Stopwatch.GetTimestamp());
            await bench.Get<ScanJob>().ScanAsync(watch, Token);
            self.Refresh();
            own.Add((self.TotalProcessorTime - before).TotalSeconds);
            theirs.Add((prometheus.ProcessorTime - there).TotalSeconds);
            wall.Add(Stopwatch.GetElapsedTime(began).TotalSeconds);
        }
        var scannedTo = await bench.ReadAsync(db => db.Watches.Select(one => one.ScannedTo).SingleAsync(Token));
        Assert.Equal(
            series,
            await bench.ReadAsync(db => db.WatchedSeries.CountAsync(one => one.LastSampleAt == scannedTo && one.Model != null, Token))
        );
        table.Add(
            new BenchRow(
                $"scan of {series:#,0} series, CPU of the console",
                Median(own),
                "s",
                5,
                true,
                "Prometheus' CPU for it",
                Median(own) / Math.Max(0.001, Median(theirs))
            )
        );
        table.Add(new BenchRow("scan throughput, Prometheus and PostgreSQL waited for", series / Median(wall), "series/s", null, false));
        table.Add(new BenchRow("scan throughput, by the console's own CPU", series / Median(own), "series/s", null, false));
    }

    private async Task OverviewAsync(int services)
    {
        await using var database = await postgres.NewDatabaseAsync();
        await SeedAsync(database, services);
        var overview = new OverviewQueries(
            new ServiceQueries(database.Contexts, TimeProvider.System),
            new AnomalyQueries(database.Contexts, TimeProvider.System)
        );
        var forecasts = new ForecastQueries(database.Contexts, TimeProvider.System);
        var took = new List<double>();
        for (var round = 0; round < 30; round++)
        {
            var began = Stopwatch.GetTimestamp();
            var ahead = forecasts.PictureAsync(MonitoredEnvironment.DefaultId, new ForecastWindow(0, 4, 0), Token);
            var picture = await overview.PictureAsync(MonitoredEnvironment.DefaultId, Token);
            await ahead;
            took.Add(Stopwatch.GetElapsedTime(began).TotalMilliseconds);
            Assert.Equal(services, picture.Services.InAll);
        }
        table.Add(new BenchRow($"Overview read with {services} services, median of 30", Median(took), "ms", 150, true));
    }

    /// <summary>Services with six watched series each, every tenth with an open anomaly.</summary>
    internal static Task SeedAsync(TestDatabase database, int services) => SeedAsync(database.Contexts, services);

    internal static async Task SeedAsync(IDbContextFactory<ArchonDbContext> contexts, int services)
    {
        await using var db = await contexts.CreateDbContextAsync(Token);
        var now = DateTimeOffset.UtcNow;
        var signals = new[]
        {
            WatchSignal.Rate,
            WatchSignal.Errors,
            WatchSignal.Duration,
            WatchSignal.Saturation,
            WatchSignal.Traffic,
            WatchSignal.Availability,
        };
        var watches = signals
            .Select(signal => new Watch
            {
                EnvironmentId = MonitoredEnvironment.DefaultId,
                Name = signal.ToString(),
                Query = $"bench_{signal}",
                Signal = signal,
                Unit = signal == WatchSignal.Duration ? "s" : "1",
                Step = TimeSpan.FromSeconds(15),
                CreatedAt = now,
                ScannedTo = now,
                FittedAt = now,
                Enabled = true,
            })
            .ToList();
        var rows = Enumerable
            .Range(0, services)
            .Select(i => new Service
            {
                EnvironmentId = MonitoredEnvironment.DefaultId,
                Name = $"service-{i:000}",
                Origin = CatalogueOrigin.Discovered,
                CreatedAt = now,
                LastSeenAt = now,
            })
            .ToList();
        db.Watches.AddRange(watches);
        db.Services.AddRange(rows);
        await db.SaveChangesAsync(Token);
        var series = rows.SelectMany(service =>
                watches.Select(watch => new WatchedSeries
                {
                    EnvironmentId = MonitoredEnvironment.DefaultId,
                    WatchId = watch.Id,
                    ServiceId = service.Id,
                    LabelsKey = $"service=\"{service.Name}\"",
                    Labels = new() { ["service"] = service.Name },
                    Model = new byte[2800],
                    FittedAt = now,
                    LastSampleAt = now,
                    LastValue = 0.4,
                    ExpectedLower = 0.3,
                    ExpectedUpper = 0.5,
                    Recent = [.. Enumerable.Range(0, 40).Select(i => 0.4 + (i % 7 * 0.01))],
                })
            )
            .ToList();
        db.WatchedSeries.AddRange(series);
        await db.SaveChangesAsync(Token);
        db.Anomalies.AddRange(
            series
                .Where((_, i) => i % 60 == 2)
                .Select(one => new Anomaly
                {
                    EnvironmentId = MonitoredEnvironment.DefaultId,
                    WatchId = one.WatchId,
                    SeriesId = one.Id,
                    ServiceId = one.ServiceId,
                    StartedAt = now.AddMinutes(-5),
                    LastSeenAt = now,
                    Confidence = 0.98,
                    Score = 0.9,
                    Value = 0.9,
                    Expected = 0.4,
                    ExpectedLower = 0.3,
                    ExpectedUpper = 0.5,
                    PeakValue = 0.9,
                    Season = "day",
                })
        );
        await db.SaveChangesAsync(Token);
    }

    /// <summary>Answers scrapes with a page made once, so that being scraped costs next to nothing.</summary>
    internal static async Task<WebApplication> StartTargetAsync(int series)
    {
        var text = new StringBuilder("# TYPE bench_value gauge\n");
        for (var i = 0; i < series; i++)
            text.Append(CultureInfo.InvariantCulture, $"bench_value{{service=\"s{i % 200}\",part=\"p{i}\"}} {10 + (i % 17)}.5\n");
        var page = Encoding.UTF8.GetBytes(text.ToString());
        var builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Logging.ClearProviders();
        var app = builder.Build();
        app.Run(async context =>
        {
            context.Response.ContentType = "text/plain; version=0.0.4";
            await context.Response.Body.WriteAsync(page);
        });
        await app.StartAsync();
        return app;
    }

    private static double Median(List<double> values) => values.Order().ElementAt(values.Count / 2);
}
