using System.Data.Common;
using System.Globalization;
using Archon.Data;
using Archon.Data.Alerts;
using Archon.Data.Anomalies;
using Archon.Data.Catalogue;
using Archon.Features.Services;
using Archon.Tests.Kit;
using Archon.Ui.Health;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Diagnostics;
using Microsoft.Extensions.Time.Testing;
using Xunit;

namespace Archon.Tests.Features.Services;

[SystemTest]
public sealed class ServiceQueriesTests(PostgresFixture postgres)
{
    private const int Services = 300;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task The_database_gives_every_service_the_state_that_the_assessor_explains()
    {
        await using var database = await postgres.NewDatabaseAsync();
        var clock = new FakeTimeProvider(new DateTimeOffset(2026, 11, 30, 7, 0, 0, TimeSpan.Zero));
        await SeedAnythingAsync(database, new Random(20261130), clock.GetUtcNow());
        var queries = new ServiceQueries(database.Contexts, clock);

        var all = await queries.PictureAsync(1, ServiceFilter.Everything, 0, Services, Token);

        // The rows come from the assessor, the counts and the order from the database.
        Assert.Equal(Services, all.Services.Count);
        Assert.True(all.Counts.Count == 7, "Every state must occur for this to say anything.");
        foreach (var state in Enum.GetValues<HealthState>())
        {
            var only = await queries.PictureAsync(1, new ServiceFilter(State: state), 0, Services, Token);
            Assert.Equal(all.Count(state), only.Services.Count);
            Assert.All(only.Services, service => Assert.Equal(state, service.State));
        }
        Assert.Equal(
            all.Services.OrderBy(row => row.State)
                .ThenBy(row => row.Tier)
                .ThenByDescending(row => row.OpenAnomalies)
                .ThenBy(row => row.Name, StringComparer.Ordinal)
                .Select(row => row.Name),
            all.Services.Select(row => row.Name)
        );
    }

    [Fact]
    public async Task Pages_follow_each_other_and_beyond_the_last_one_the_last_one_is_shown()
    {
        await using var database = await postgres.NewDatabaseAsync();
        await new LargeEstate(25, 4, 0).SeedAsync(database, Token);
        var queries = new ServiceQueries(database.Contexts, TimeProvider.System);

        var first = await queries.PictureAsync(1, ServiceFilter.Everything, 0, 10, Token);
        var second = await queries.PictureAsync(1, ServiceFilter.Everything, 10, 10, Token);
        var beyond = await queries.PictureAsync(1, ServiceFilter.Everything, 900, 10, Token);
        var found = await queries.PictureAsync(1, new ServiceFilter("TEAM-7"), 0, 10, Token);

        Assert.Equal(25, first.Matching);
        Assert.Equal(25, first.Services.Concat(second.Services).Concat(beyond.Services).Select(row => row.Id).Distinct().Count());
        Assert.Equal((20, 5), (beyond.Skipped, beyond.Services.Count));
        Assert.Equal(["service-00007"], found.Services.Select(row => row.Name));
        Assert.Equal(25, found.InAll);
    }

    [Theory]
    [InlineData(30)]
    [InlineData(1500)]
    public async Task A_page_is_read_by_as_many_statements_however_many_services_there_are(int services)
    {
        await using var database = await postgres.NewDatabaseAsync();
        await new LargeEstate(services, services / 3, 0).SeedAsync(database, Token);
        var counting = new CountingContexts(database);

        await new ServiceQueries(counting, TimeProvider.System).PictureAsync(1, ServiceFilter.Everything, 0, 30, Token);

        Assert.Equal(9, counting.Commands);
    }

    [Fact]
    public async Task The_palette_finds_names_by_what_was_typed_and_not_by_a_pattern()
    {
        await using var database = await postgres.NewDatabaseAsync();
        await using (var db = await database.Contexts.CreateDbContextAsync(Token))
        {
            foreach (var name in (string[])["a%b", "acb", "shop", "web shop", "Shop front"])
                db.Services.Add(new Service { EnvironmentId = 1, Name = name });
            await db.SaveChangesAsync(Token);
        }
        var queries = new ServiceQueries(database.Contexts, TimeProvider.System);

        Assert.Equal(["a%b"], await queries.SearchAsync(1, "a%", 10, Token));
        Assert.Equal("web shop", (await queries.SearchAsync(1, "shop", 10, Token))[^1]);
        Assert.Equal(2, (await queries.SearchAsync(1, "shop", 2, Token)).Count);
        Assert.Empty(await queries.SearchAsync(1, "a\0b", 10, Token));
    }

    /// <summary>Services with series and anomalies of every kind, by chance.</summary>
    private static async Task SeedAnythingAsync(TestDatabase database, Random random, DateTimeOffset now)
    {
        await using var db = await database.Contexts.CreateDbContextAsync(Token);
        var watches = Enum.GetValues<WatchSignal>()
            .SelectMany(signal =>
                Enumerable
                    .Range(0, 3)
                    .Select(kind => new Watch
                    {
                        EnvironmentId = 1,
                        Name = $"{signal} {kind}",
                        Query = "up",
                        Signal = signal,
                        Step = TimeSpan.FromSeconds(kind == 2 ? 60 : 15),
                        CreatedAt = now,
                        Enabled = kind < 2 || random.Next(2) == 0,
                        Origin = kind == 1 && random.Next(3) == 0 ? CatalogueOrigin.Ignored : CatalogueOrigin.Discovered,
                        UncheckedSince = random.Next(4) == 0 ? now.AddMinutes(-3) : null,
                    })
            )
            .ToList();
        var services = Enumerable
            .Range(0, Services)
            .Select(i => new Service
            {
                EnvironmentId = 1,
                Name = $"{(char)('a' + random.Next(26))}-{i.ToString(CultureInfo.InvariantCulture)}",
                Tier = (ServiceTier)random.Next(3),
                CreatedAt = now,
                LastSeenAt = now,
            })
            .ToList();
        db.Watches.AddRange(watches);
        db.Services.AddRange(services);
        await db.SaveChangesAsync(Token);
        var series = new List<WatchedSeries>();
        foreach (var service in services)
        {
            foreach (var watch in watches.OrderBy(_ => random.Next()).Take(random.Next(4)))
            {
                series.Add(
                    new WatchedSeries
                    {
                        EnvironmentId = 1,
                        WatchId = watch.Id,
                        ServiceId = service.Id,
                        LabelsKey = service.Name,
                        Model = random.Next(3) == 0 ? [1] : null,
                        LastSampleAt = random.Next(5) == 0 ? null : now.AddSeconds(random.Next(4) == 0 ? -600 : -20),
                    }
                );
            }
        }
        db.WatchedSeries.AddRange(series);
        await db.SaveChangesAsync(Token);
        db.Anomalies.AddRange(
            series
                .Where(_ => random.Next(3) == 0)
                .Select(one => new Anomaly
                {
                    EnvironmentId = 1,
                    WatchId = one.WatchId,
                    SeriesId = one.Id,
                    ServiceId = one.ServiceId,
                    StartedAt = now.AddSeconds(-random.Next(60, 6000)),
                    LastSeenAt = now,
                    EndedAt = random.Next(4) == 0 ? now : null,
                    Direction = (AnomalyDirection)random.Next(3),
                    Severity = (AnomalySeverity)random.Next(3),
                    Confidence = (double[])[0.4, 0.7, 0.8, 0.95, 1] is var sure ? sure[random.Next(5)] : 0,
                    Verdict = random.Next(3) == 0 ? (AnomalyVerdict)random.Next(3) : null,
                })
        );
        db.AlertPolls.Add(new AlertPoll { EnvironmentId = 1, PolledAt = now });
        db.ActiveAlerts.AddRange(
            services
                .Where(_ => random.Next(3) == 0)
                .Select(service => new ActiveAlert
                {
                    EnvironmentId = 1,
                    Fingerprint = service.Name,
                    Name = "High",
                    ServiceId = service.Id,
                    Since = now.AddSeconds(-random.Next(60, 6000)),
                    Severity = (AlertSeverity)random.Next(3),
                    State = random.Next(4) == 0 ? ActiveAlertState.Pending : ActiveAlertState.Firing,
                    IsHeartbeat = random.Next(8) == 0,
                    SilencedBy = random.Next(4) == 0 ? ["a silence"] : [],
                    Source = "Prometheus",
                })
        );
        await db.SaveChangesAsync(Token);
    }

    private sealed class CountingContexts(TestDatabase database) : DbCommandInterceptor, IDbContextFactory<ArchonDbContext>
    {
        public int Commands { get; private set; }

        public ArchonDbContext CreateDbContext() =>
            new(
                new DbContextOptionsBuilder<ArchonDbContext>(ArchonContextOptions.For(database.ConnectionString))
                    .AddInterceptors(this)
                    .Options
            );

        public override ValueTask<DbDataReader> ReaderExecutedAsync(
            DbCommand command,
            CommandExecutedEventData eventData,
            DbDataReader result,
            CancellationToken cancellationToken = default
        )
        {
            Commands++;
            return new ValueTask<DbDataReader>(result);
        }
    }
}
