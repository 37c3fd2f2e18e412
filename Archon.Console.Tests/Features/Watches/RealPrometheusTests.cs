using System.Globalization;
using Archon.Analysis.Series;
using Archon.Features.Scanning;
using Archon.Features.Services;
using Archon.Features.Watches.Discovery;
using Archon.Integrations;
using Archon.Integrations.Prometheus;
using Archon.Tests.Kit;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Xunit;

namespace Archon.Tests.Features.Watches;

[SystemTest]
public sealed class RealPrometheusTests(PostgresFixture postgres, SharedPrometheus shared)
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Every_template_is_PromQL_that_the_server_takes()
    {
        var prometheus = UpstreamClients.Prometheus(await shared.AddressAsync());
        var now = DateTimeOffset.UtcNow;

        foreach (var template in WatchTemplates.Every)
        {
            foreach (
                var query in new[]
                {
                    template.Query(TimeSpan.FromMinutes(1)),
                    template.VolumeQuery(TimeSpan.FromMinutes(1)),
                    template.Probe,
                }.OfType<string>()
            )
            {
                var answer = await prometheus.QueryRangeAsync(
                    query,
                    new TimeRange(now.AddMinutes(-1), now),
                    TimeSpan.FromSeconds(15),
                    Token
                );
                Assert.True(answer is Fetch<MatrixResult>.Ok, $"{template.Key}: {query}: {answer}");
            }
        }
    }

    [Fact]
    public async Task Every_family_of_metrics_that_is_exposed_is_watched_and_gives_series()
    {
        await using var target = await ServeAsync(Exposition.AllFamilies);
        var address = target.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single();
        await using var server = await RealPrometheus.StartAsync(
            // Of an exporter's own process nothing is watched, so one program is not among the exporters.
            $$"""
            global: {scrape_interval: 1s}
            scrape_configs:
              - {job_name: estate, static_configs: [{targets: ['{{new Uri(address).Authority}}']}]}
              - {job_name: program, metrics_path: /process, static_configs: [{targets: ['{{new Uri(address).Authority}}']}]}
            """,
            Token
        );
        await using var bench = await JobBench.StartOnAsync(postgres, server.Address);
        // Native histograms come by protobuf alone; which templates take them is held by fakes.
        var wanted = WatchTemplates
            .All.Select(template => template.Key)
            .Where(key => !key.Contains("-native-", StringComparison.Ordinal))
            .ToHashSet();

        await Waits.UntilAsync(async () =>
        {
            await bench.Get<DiscoverJob>().DiscoverAsync(1, Token);
            return await bench.ReadAsync(db => db.Watches.CountAsync(watch => wanted.Contains(watch.Template!), Token)) >= wanted.Count;
        });

        var watches = await bench.ReadAsync(db => db.Watches.Where(watch => wanted.Contains(watch.Template!)).ToListAsync(Token));
        var prometheus = UpstreamClients.Prometheus(server.Address);
        foreach (var watch in watches)
        {
            await Waits.UntilAsync(
                async () => await prometheus.QueryAsync(watch.Query, null, Token) is Fetch<QueryResult>.Ok { Value.Series.Count: > 0 },
                what: watch.Query
            );
        }
        // The share of failed requests is a share, whichever label holds the status and however it is written.
        foreach (var watch in watches.Where(watch => watch.Signal == Archon.Data.Catalogue.WatchSignal.Errors && watch.Unit == "1"))
        {
            var share = Assert
                .IsType<Fetch<QueryResult>.Ok>(await prometheus.QueryAsync(watch.Query, null, Token))
                .Value.Series[0]
                .Values.Span[0];
            Assert.True(share is > 0 and < 1, $"{watch.Template} is {share}: {watch.Query}");
        }
    }

    [Fact]
    public async Task A_scraped_service_is_discovered_and_its_fault_opens_and_ends_an_anomaly()
    {
        var load = new Load();
        await using var target = await load.ServeAsync();
        var address = new Uri(
            target.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single()
        ).Authority;
        await using var server = await RealPrometheus.StartAsync(
            $"{{global: {{scrape_interval: 1s}}, scrape_configs: [{{job_name: shop, static_configs: [{{targets: ['{address}'], labels: {{service: checkout}}}}]}}]}}",
            Token
        );
        await using var bench = await JobBench.StartOnAsync(postgres, server.Address);

        await Waits.UntilAsync(async () =>
        {
            await bench.Get<DiscoverJob>().DiscoverAsync(1, Token);
            return await bench.ReadAsync(db => db.Watches.AnyAsync(watch => watch.Template == "websocket-connections", Token));
        });
        var found = await bench.ReadAsync(db => db.Watches.SingleAsync(watch => watch.Template == "websocket-connections", Token));
        await bench.ReadAsync(db =>
            db.Watches.ExecuteUpdateAsync(set => set.SetProperty(watch => watch.Step, TimeSpan.FromSeconds(1)), Token)
        );
        await Waits.UntilAsync(async () =>
        {
            await bench.Get<FitModelsJob>().FitAsync(found.Id, Token);
            return await bench.ReadAsync(db =>
                db.WatchedSeries.AnyAsync(series => series.WatchId == found.Id && series.Model != null, Token)
            );
        });
        load.Connections = () => 5000;
        await Waits.UntilAsync(async () =>
        {
            await bench.Get<ScanJob>().ScanAsync(found.Id, Token);
            return await bench.ReadAsync(db => db.Anomalies.AnyAsync(anomaly => anomaly.EndedAt == null, Token));
        });
        load.Connections = load.Calm;
        await Waits.UntilAsync(async () =>
        {
            await bench.Get<ScanJob>().ScanAsync(found.Id, Token);
            return await bench.ReadAsync(db => db.Anomalies.AnyAsync(anomaly => anomaly.EndedAt != null, Token));
        });

        var service = await bench.ReadAsync(db => db.Services.SingleAsync(one => one.Name == "checkout", Token));
        var anomaly = await bench.ReadAsync(db => db.Anomalies.SingleAsync(one => one.PeakValue == 5000, Token));
        Assert.Equal(service.Id, anomaly.ServiceId);
    }

    private static async Task<WebApplication> ServeAsync(Func<string> page)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Logging.ClearProviders();
        var app = builder.Build();
        app.MapGet("/metrics", () => Results.Text(page(), "text/plain; version=0.0.4"));
        app.MapGet(
            "/process",
            () =>
                Results.Text(
                    string.Concat(
                        page().Split('\n').Where(line => line.StartsWith("process_", StringComparison.Ordinal)).Select(line => line + "\n")
                    ),
                    "text/plain; version=0.0.4"
                )
        );
        await app.StartAsync();
        return app;
    }

    private sealed class Load
    {
        private int scrapes;

        public Load() => Connections = Calm;

        public Func<int> Connections { get; set; }

        public int Calm() => 100 + (Interlocked.Increment(ref scrapes) % 7);

        public Task<WebApplication> ServeAsync() =>
            RealPrometheusTests.ServeAsync(() =>
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"# TYPE archon_websocket_connections gauge\narchon_websocket_connections {Connections()}\n"
                )
            );
    }
}
