using System.Collections.Concurrent;
using System.Data.Common;
using Archon.Data;
using Archon.Data.Catalogue;
using Archon.Features.Alerts;
using Archon.Features.Anomalies;
using Archon.Features.Forecasts;
using Archon.Features.Overview;
using Archon.Features.Scanning;
using Archon.Features.Services;
using Archon.Features.Watches;
using Archon.Integrations;
using Archon.Live;
using Archon.Shell;
using Archon.Tests.Kit;
using Bunit;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Diagnostics;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;
using Xunit;

namespace Archon.Tests.Features.Overview;

/// <summary>What open pages cost the database.</summary>
[SystemTest]
public sealed class OverviewReadsTests(PostgresFixture postgres)
{
    private const int Ticks = 8;

    /// <summary>Longer than a page rests between two reads.</summary>
    private static readonly TimeSpan Rest = TimeSpan.FromSeconds(6);

    private static CancellationToken Token => Xunit.TestContext.Current.CancellationToken;

    [Fact]
    public async Task Fifty_open_overviews_read_hardly_more_than_one()
    {
        await using var database = await postgres.NewDatabaseAsync();
        await FillAsync(database);

        var one = await ReadsAsync(database, viewers: 1);
        var fifty = await ReadsAsync(database, viewers: 50);

        Xunit.TestContext.Current.TestOutputHelper?.WriteLine($"{one} commands for one viewer, {fifty} for fifty");
        // With a read or more for each tick: the count is of something.
        Assert.True(one > Ticks, $"{one} commands");
        Assert.True(fifty <= 1.2 * one, $"{fifty} commands for fifty viewers, {one} for one");
    }

    private static async Task FillAsync(TestDatabase database)
    {
        await using var db = await database.Contexts.CreateDbContextAsync(Token);
        db.Services.Add(
            new Service
            {
                EnvironmentId = MonitoredEnvironment.DefaultId,
                Name = "shop",
                Matchers = new Dictionary<string, string> { ["job"] = "shop" },
                Origin = CatalogueOrigin.Discovered,
            }
        );
        await db.SaveChangesAsync(Token);
    }

    /// <returns>Commands that were sent while the pages were opened and their topics ticked.</returns>
    private static async Task<int> ReadsAsync(TestDatabase database, int viewers)
    {
        var counter = new CommandCounter();
        var clock = new FakeTimeProvider(ShellParts.Now);
        await using var shared = Shared(database, counter, clock);
        var open = Enumerable.Range(0, viewers).Select(_ => new Viewer(shared)).ToList();
        try
        {
            LiveTopic[] topics =
            [
                shared.GetRequiredService<AnomalyTopic>(),
                shared.GetRequiredService<SampleTopic>(),
                shared.GetRequiredService<AlertTopic>(),
                shared.GetRequiredService<ForecastTopic>(),
            ];
            await Waits.UntilAsync(() => topics[1].Readers == viewers && open.TrueForAll(viewer => viewer.IsShown));
            counter.NotePage();
            foreach (var viewer in open)
                viewer.FollowCounts();
            for (var i = 0; i < Ticks; i++)
            {
                var drawn = open.Select(viewer => viewer.Drawn).ToList();
                clock.Advance(Rest);
                foreach (var topic in topics)
                    topic.Tick();
                await UntilAsync(clock, () => counter.PageReads >= i + 2 && open.Zip(drawn).All(one => one.First.Drawn > one.Second));
            }
            return counter.Commands;
        }
        finally
        {
            foreach (var viewer in open)
                await viewer.DisposeAsync();
        }
    }

    /// <summary>The time moves slowly: much of it passing would be a reason of its own to read again.</summary>
    private static Task UntilAsync(FakeTimeProvider clock, Func<bool> isSo) =>
        Waits.UntilAsync(() =>
        {
            clock.Advance(TimeSpan.FromMilliseconds(100));
            return isSo();
        });

    private static ServiceProvider Shared(TestDatabase database, CommandCounter counter, FakeTimeProvider clock)
    {
        var services = new ServiceCollection().AddLogging().AddMetrics().AddOptions();
        services.AddSingleton<TimeProvider>(clock);
        services.AddDbContextFactory<ArchonDbContext>(options =>
            options.UseNpgsql(database.ConnectionString).UseSnakeCaseNamingConvention().AddInterceptors(counter)
        );
        services.AddSingleton<LiveUpdates>().AddSingleton<SnapshotCache>();
        services.AddSingleton(new UpstreamHealth(new ConfiguredEnvironment(1), [], clock));
        services.AddSingleton(LiveDatabase.Ready());
        services.AddScanning().AddWatches().AddServices().AddAlerts().AddAnomalies().AddForecasts().AddOverview();
        return services.BuildServiceProvider();
    }

    /// <summary>One open tab: the page, and the counts in the navigation.</summary>
    private sealed class Viewer : IAsyncDisposable
    {
        private readonly BunitContext context = new();
        private readonly IRenderedComponent<OverviewPage> page;

        public Viewer(ServiceProvider shared)
        {
            var services = context.Services;
            context.AddShellParts();
            context.AddAuthorization().SetAuthorized("ada").SetRoles("viewer");
            foreach (
                var type in (Type[])
                    [
                        typeof(TimeProvider),
                        typeof(OverviewQueries),
                        typeof(SampleTopic),
                        typeof(AnomalyTopic),
                        typeof(WatchTopic),
                        typeof(ServiceTopic),
                        typeof(ForecastTopic),
                        typeof(ForecastQueries),
                        typeof(AlertTopic),
                        typeof(AlertQueries),
                        typeof(UpstreamHealth),
                        typeof(ScanHealth),
                        typeof(SnapshotCache),
                        typeof(LiveUpdates),
                        typeof(ArchonDatabase),
                    ]
            )
            {
                services.AddSingleton(type, shared.GetRequiredService(type));
            }
            foreach (var counted in shared.GetServices<INavCountSource>())
                services.AddSingleton(counted);
            foreach (var section in shared.GetServices<PageSection>())
                services.AddSingleton(section);
            services.AddScoped<NavCounts>();
            page = context.Render<OverviewPage>();
        }

        public bool IsShown => page.FindAll("h2").Count > 0;

        public void FollowCounts() => context.Services.GetRequiredService<NavCounts>().Follow();

        public int Drawn => page.RenderCount;

        public ValueTask DisposeAsync() => context.DisposeAsync();
    }

    private sealed class CommandCounter : DbCommandInterceptor
    {
        private readonly ConcurrentDictionary<string, int> texts = new();
        private IReadOnlyList<string> ofPage = [];

        public int Commands => texts.Values.Sum();

        /// <summary>How often every command of the page was sent.</summary>
        public int PageReads => ofPage.Min(text => texts[text]);

        /// <summary>All that was sent so far belongs to the page.</summary>
        public void NotePage() => ofPage = [.. texts.Keys];

        public override ValueTask<InterceptionResult<DbDataReader>> ReaderExecutingAsync(
            DbCommand command,
            CommandEventData eventData,
            InterceptionResult<DbDataReader> result,
            CancellationToken cancellationToken = default
        )
        {
            texts.AddOrUpdate(command.CommandText, 1, (_, count) => count + 1);
            return base.ReaderExecutingAsync(command, eventData, result, cancellationToken);
        }
    }
}
