using Archon.Data;
using Archon.Data.Catalogue;
using Archon.Features.Access;
using Archon.Features.Scanning;
using Archon.Features.Services;
using Archon.Features.Watches;
using Archon.Integrations;
using Archon.Live;
using Archon.Tests.Features.Watches;
using Archon.Tests.Kit;
using Archon.Ui.Charts;
using Archon.Ui.View;
using Bunit;
using Microsoft.AspNetCore.Components;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;
using Xunit;

namespace Archon.Tests.Features.Services;

/// <summary>What open pages of services cost Prometheus.</summary>
[SystemTest]
public sealed class SharedSignalsTests(PostgresFixture postgres)
{
    private const int Viewers = 12;
    private const int Ticks = 3;
    private static readonly TimeSpan Step = TimeSpan.FromSeconds(15);

    private static CancellationToken Token => Xunit.TestContext.Current.CancellationToken;

    [Fact]
    public async Task All_who_look_at_a_service_cost_Prometheus_one_request_per_chart_and_step()
    {
        await using var database = await postgres.NewDatabaseAsync();
        await using var metrics = await FakeMetrics.StartAsync();
        await FillAsync(database, "latency", "errors");
        // In the middle of a step.
        var clock = new FakeTimeProvider(JobBench.Start + (Step / 3));
        await using var shared = Shared(database, metrics, clock);
        var open = Enumerable.Range(0, Viewers).Select(_ => new Viewer(shared, clock)).ToList();
        try
        {
            await Waits.UntilAsync(() => open.TrueForAll(viewer => viewer.ShownTo(2) == JobBench.Start));
            Assert.Equal(2, metrics.RangeRequests);

            for (var tick = 1; tick <= Ticks; tick++)
            {
                var end = JobBench.Start + (tick * Step);
                clock.SetUtcNow(end + TimeSpan.FromSeconds(1));
                shared.GetRequiredService<SampleTopic>().Tick();
                await Waits.UntilAsync(() =>
                {
                    // Pages wait for their pace. The next step must not begin meanwhile.
                    if (clock.GetUtcNow() < end + (Step * 0.9))
                        clock.Advance(TimeSpan.FromMilliseconds(50));
                    return open.TrueForAll(viewer => viewer.ShownTo(2) == end);
                });
            }

            Assert.Equal(2 * (1 + Ticks), metrics.RangeRequests);
        }
        finally
        {
            foreach (var viewer in open)
                await viewer.DisposeAsync();
        }
    }

    [Fact]
    public async Task One_who_cancels_a_query_leaves_it_to_the_others()
    {
        await using var database = await postgres.NewDatabaseAsync();
        await using var metrics = await FakeMetrics.StartAsync();
        await FillAsync(database, "latency");
        var clock = new FakeTimeProvider(JobBench.Start);
        await using var shared = Shared(database, metrics, clock);
        var answer = new TaskCompletionSource();
        metrics.BeforeAnswer = () => answer.Task;
        await using var one = new Viewer(shared, clock);
        await Waits.UntilAsync(() => one.Has("Cancel"));
        await using var other = new Viewer(shared, clock);
        await Waits.UntilAsync(() => other.Has("Cancel"));

        await one.PressAsync("Cancel");
        answer.SetResult();

        await Waits.UntilAsync(() => other.ShownTo(1) == JobBench.Start);
        Assert.Contains("Query cancelled.", one.Text, StringComparison.Ordinal);
        await one.PressAsync("Retry");
        await Waits.UntilAsync(() => one.ShownTo(1) == JobBench.Start);
    }

    [Fact]
    public async Task A_page_that_is_opened_while_Prometheus_is_away_shows_the_charts_that_were_seen_before()
    {
        await using var database = await postgres.NewDatabaseAsync();
        await using var metrics = await FakeMetrics.StartAsync();
        await FillAsync(database, "latency");
        var clock = new FakeTimeProvider(JobBench.Start);
        await using var shared = Shared(database, metrics, clock);
        await using (var before = new Viewer(shared, clock))
            await Waits.UntilAsync(() => before.ShownTo(1) == JobBench.Start);
        metrics.Down = true;
        clock.Advance(Step * 3);

        await using var during = new Viewer(shared, clock);

        await Waits.UntilAsync(() => during.ShownTo(1) is not null);
        // Hatched from the last sample on, so that it does not look like the present.
        Assert.Contains(during.Gaps, gap => gap.Words == "no answer");
    }

    private static async Task FillAsync(TestDatabase database, params string[] queries)
    {
        await using var db = await database.Contexts.CreateDbContextAsync(Token);
        var service = new Service
        {
            EnvironmentId = MonitoredEnvironment.DefaultId,
            Name = "shop",
            Matchers = new Dictionary<string, string> { ["job"] = "shop" },
            Origin = CatalogueOrigin.Accepted,
        };
        db.Services.Add(service);
        var watches = queries
            .Select(query => new Watch
            {
                EnvironmentId = MonitoredEnvironment.DefaultId,
                Name = query,
                Query = query,
                Step = Step,
                CreatedAt = JobBench.Start,
            })
            .ToList();
        db.Watches.AddRange(watches);
        await db.SaveChangesAsync(Token);
        db.WatchedSeries.AddRange(
            watches.Select(watch => new WatchedSeries
            {
                EnvironmentId = MonitoredEnvironment.DefaultId,
                WatchId = watch.Id,
                ServiceId = service.Id,
                LabelsKey = "job=\"shop\"",
                Labels = new() { ["job"] = "shop" },
            })
        );
        await db.SaveChangesAsync(Token);
    }

    private static ServiceProvider Shared(TestDatabase database, FakeMetrics metrics, FakeTimeProvider clock)
    {
        var services = new ServiceCollection().AddLogging().AddMetrics().AddOptions();
        services.AddSingleton<TimeProvider>(clock).AddSingleton(database.Contexts);
        services.AddSingleton<LiveUpdates>().AddSingleton<SnapshotCache>();
        services.AddSingleton(new UpstreamHealth(new ConfiguredEnvironment(1), [], clock));
        services.AddSingleton(UpstreamClients.At(metrics.Address, metrics.Address));
        services.AddSingleton(LiveDatabase.Ready()).AddSingleton<CommandGate>().AddSingleton<Actors>();
        services.AddScanning().AddWatches().AddServices();
        return services.BuildServiceProvider();
    }

    /// <summary>One open tab.</summary>
    private sealed class Viewer : IAsyncDisposable
    {
        private readonly BunitContext context = new();
        private readonly IRenderedComponent<ServicePage> page;

        public Viewer(ServiceProvider shared, FakeTimeProvider clock)
        {
            var services = context.Services;
            context.AddShellParts();
            context.AddAuthorization().SetAuthorized("ada").SetRoles("viewer");
            foreach (
                var type in (Type[])
                    [
                        typeof(TimeProvider),
                        typeof(ServiceQueries),
                        typeof(ServiceCommands),
                        typeof(SignalQueries),
                        typeof(Actors),
                        typeof(SampleTopic),
                        typeof(AnomalyTopic),
                        typeof(WatchTopic),
                        typeof(ServiceTopic),
                        typeof(UpstreamHealth),
                        typeof(SnapshotCache),
                        typeof(KeptSignals),
                        typeof(LiveUpdates),
                        typeof(ArchonDatabase),
                    ]
            )
            {
                services.AddSingleton(type, shared.GetRequiredService(type));
            }
            services.AddScoped<CurrentActor>();
            services.AddScoped(provider => new ViewState(
                new ConfiguredEnvironment(1),
                clock,
                provider.GetRequiredService<NavigationManager>()
            ));
            page = context.Render<ServicePage>(parameters => parameters.Add(one => one.Segment, "shop"));
        }

        public string Text => page.Markup;

        public bool Has(string button) => Buttons(button).Any();

        public Task PressAsync(string button) => page.InvokeAsync(() => Buttons(button).First().ClickAsync(new()));

        /// <summary>Where the charts end; null before all of them are there and end alike.</summary>
        public DateTimeOffset? ShownTo(int charts)
        {
            var ends = page.FindComponents<SeriesChart>().Select(chart => chart.Instance.Data.X[^1]).ToList();
            return ends.Count == charts && ends.Distinct().Count() == 1 ? DateTimeOffset.FromUnixTimeSeconds((long)ends[0]) : null;
        }

        public IEnumerable<ChartSpan> Gaps => page.FindComponents<SeriesChart>().SelectMany(chart => chart.Instance.Data.Gaps);

        private IEnumerable<AngleSharp.Dom.IElement> Buttons(string text) =>
            page.FindAll("button").Where(one => one.TextContent.Trim() == text);

        public ValueTask DisposeAsync() => context.DisposeAsync();
    }
}
