using Archon.Data.Catalogue;
using Archon.Features.Services;
using Archon.Tests.Features.Watches;
using Archon.Tests.Kit;
using Microsoft.EntityFrameworkCore;
using Xunit;

namespace Archon.Tests.Features.Services;

[SystemTest]
public sealed class DiscoverJobTests(PostgresFixture postgres)
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Scraped_jobs_become_services_and_their_metrics_watches()
    {
        await using var bench = await EstateAsync();

        await DiscoverAsync(bench);

        var services = await Services(bench);
        Assert.Equal(["checkout", "demo", "payment"], services.Select(service => service.Name).Order());
        Assert.All(services, service => Assert.Equal(CatalogueOrigin.Discovered, service.Origin));
        Assert.Equal(
            new Dictionary<string, string> { ["service"] = "checkout" },
            services.Single(service => service.Name == "checkout").Matchers
        );
        var watches = await Watches(bench);
        Assert.Contains(watches, watch => watch.Template == "up");
        Assert.Contains(watches, watch => watch.Template == "http-client-library-rate");
        Assert.All(watches, watch => Assert.Equal(CatalogueOrigin.Discovered, watch.Origin));
    }

    [Fact]
    public async Task The_kind_of_a_service_is_stored_also_where_a_person_accepted_it()
    {
        await using var bench = await EstateAsync();
        await DiscoverAsync(bench);
        var before = (await Services(bench)).Single(service => service.Name == "demo");
        await bench.Get<ServiceCommands>().AcceptAsync(before.Id, TestActor.Named("ada"), Token);
        bench.Metrics.MetricNames.Add("python_info");
        const string carriers = "count by (__name__, service, job, namespace) ({__name__=~\"http_requests_total|up|python_info\"})";
        bench.Metrics.Queries[$"count({carriers})"] = [([], _ => 2)];
        bench.Metrics.Queries[carriers] = [(Carrier("http_requests_total"), _ => 1), (Carrier("python_info"), _ => 1)];

        await DiscoverAsync(bench);

        var after = (await Services(bench)).Single(service => service.Name == "demo");
        Assert.Equal((null, "Python", CatalogueOrigin.Accepted), (before.Kind, after.Kind, after.Origin));
    }

    [Fact]
    public async Task A_second_discovery_adds_nothing()
    {
        await using var bench = await EstateAsync();
        await DiscoverAsync(bench);
        var before = ((await Services(bench)).Count, (await Watches(bench)).Count);

        await DiscoverAsync(bench);

        Assert.Equal(before, ((await Services(bench)).Count, (await Watches(bench)).Count));
    }

    [Fact]
    public async Task What_a_person_edited_is_never_overwritten()
    {
        await using var bench = await EstateAsync();
        await DiscoverAsync(bench);
        var found = (await Services(bench)).Single(service => service.Name == "checkout");
        var draft = Draft("Checkout of the shop") with { Matchers = found.Matchers, Team = "Shop" };
        Assert.IsType<ServiceResult.Done>(
            await bench.Get<ServiceCommands>().EditAsync(found.Id, found.Version, draft, TestActor.Named("ada"), Token)
        );

        bench.Clock.Advance(TimeSpan.FromHours(2));
        await DiscoverAsync(bench);

        var services = await Services(bench);
        var edited = services.Single(service => service.Id == found.Id);
        Assert.Equal(
            ("Checkout of the shop", "Shop", CatalogueOrigin.Edited, "ada"),
            (edited.Name, edited.Team, edited.Origin, edited.EditedBy)
        );
        Assert.DoesNotContain(services, service => service.Name == "checkout"); // it still owns its labels
        Assert.True(edited.LastSeenAt >= found.LastSeenAt);
    }

    [Fact]
    public async Task What_a_person_ignored_is_not_found_again_until_it_is_restored()
    {
        await using var bench = await EstateAsync();
        await DiscoverAsync(bench);
        var found = (await Services(bench)).Single(service => service.Name == "payment");
        await bench.Get<ServiceCommands>().IgnoreAsync(found.Id, TestActor.Named("ada"), Token);

        await DiscoverAsync(bench);
        var ignored = (await Services(bench)).Single(service => service.Name == "payment").Origin;
        await bench.Get<ServiceCommands>().RestoreAsync(found.Id, TestActor.Named("ada"), Token);

        Assert.Equal(CatalogueOrigin.Ignored, ignored);
        Assert.Equal(CatalogueOrigin.Discovered, (await Services(bench)).Single(service => service.Name == "payment").Origin);
    }

    [Fact]
    public async Task No_one_answering_means_nothing_is_new_and_nothing_is_gone()
    {
        await using var bench = await EstateAsync();
        await DiscoverAsync(bench);
        var before = (await Services(bench)).Count;
        bench.Metrics.Down = true;

        await DiscoverAsync(bench);

        Assert.Equal(before, (await Services(bench)).Count);
    }

    [Fact]
    public async Task Calls_between_services_become_dependencies()
    {
        await using var bench = await EstateAsync();
        const string query = "count by (client, server) (traces_service_graph_request_total{client!=\"\",server!=\"\"})";
        bench.Metrics.Queries[query] = [(new Dictionary<string, string> { ["client"] = "checkout", ["server"] = "payment" }, _ => 1)];

        await DiscoverAsync(bench);
        await DiscoverAsync(bench);

        var call = await bench.ReadAsync(db => db.ServiceDependencies.Include(one => one.Callee).SingleAsync(Token));
        Assert.Equal(("payment", CatalogueOrigin.Discovered), (call.Callee!.Name, call.Origin));
    }

    [Fact]
    public async Task Two_people_who_edit_one_service_are_reported()
    {
        await using var bench = await EstateAsync();
        await DiscoverAsync(bench);
        var seen = (await Services(bench)).Single(service => service.Name == "checkout");
        var draft = Draft("checkout") with { Matchers = seen.Matchers };

        var first = await bench
            .Get<ServiceCommands>()
            .EditAsync(seen.Id, seen.Version, draft with { Team = "A" }, TestActor.Named("ada"), Token);
        var second = await bench
            .Get<ServiceCommands>()
            .EditAsync(seen.Id, seen.Version, draft with { Team = "B" }, TestActor.Named("bob"), Token);

        Assert.IsType<ServiceResult.Done>(first);
        Assert.IsType<ServiceResult.ChangedMeanwhile>(second);
        Assert.Equal("A", (await Services(bench)).Single(service => service.Id == seen.Id).Team);
    }

    [Fact]
    public async Task A_name_that_is_taken_is_refused_and_a_change_is_written_to_the_audit()
    {
        await using var bench = await JobBench.StartAsync(postgres);
        var commands = bench.Get<ServiceCommands>();

        var first = await commands.CreateAsync(1, Draft("search"), TestActor.Named("ada"), Token);
        var second = await commands.CreateAsync(1, Draft("search"), TestActor.Named("bob"), Token);

        Assert.IsType<ServiceResult.Done>(first);
        Assert.IsType<ServiceResult.NameTaken>(second);
        var entry = await bench.ReadAsync(db => db.AuditEntries.SingleAsync(Token));
        Assert.Equal(("ada", "service.create"), (entry.Actor, entry.Action));
    }

    [Theory]
    [InlineData("javascript:alert(1)")]
    [InlineData("not an address")]
    public async Task A_runbook_that_is_no_web_address_is_refused(string runbook)
    {
        await using var bench = await JobBench.StartAsync(postgres);

        var result = await bench
            .Get<ServiceCommands>()
            .CreateAsync(1, Draft("search") with { RunbookUrl = runbook }, TestActor.Named("ada"), Token);

        Assert.IsType<ServiceResult.Invalid>(result);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_native_histogram_is_watched_when_there_really_is_one(bool native)
    {
        await using var bench = await EstateAsync();
        bench.Metrics.MetricNames.Add("http_server_request_duration_seconds"); // a gauge may have this name too
        if (native)
            bench.Metrics.Queries["count(histogram_count(http_server_request_duration_seconds))"] = [([], _ => 3)];

        await DiscoverAsync(bench);

        Assert.Equal(native, (await Watches(bench)).Any(watch => watch.Template == "http-otel-native-p95"));
        Assert.Equal(native, (await Watches(bench)).Any(watch => watch.Template == "http-otel-native-rate"));
    }

    private static ServiceDraft Draft(string name) =>
        new(name, ServiceTier.Standard, null, null, new Dictionary<string, string> { ["job"] = name }, null, null, null, null, []);

    private async Task<JobBench> EstateAsync()
    {
        var bench = await JobBench.StartAsync(postgres);
        bench.Metrics.Queries["up"] =
        [
            (new Dictionary<string, string> { ["job"] = "demo", ["instance"] = "a:1" }, _ => 1),
            (
                new Dictionary<string, string>
                {
                    ["job"] = "shop",
                    ["service"] = "checkout",
                    ["instance"] = "b:1",
                },
                _ => 1
            ),
        ];
        bench.Metrics.Queries["timestamp(up)"] = [(new Dictionary<string, string> { ["job"] = "demo" }, at => at / 15 * 15)];
        bench.Metrics.MetricNames.AddRange(["up", "http_requests_total"]);
        // One process speaks for two services, and has requests of its own.
        const string carriers = "count by (__name__, service, job, namespace) ({__name__=~\"http_requests_total|up\"})";
        bench.Metrics.Queries[$"count({carriers})"] = [([], _ => 3)];
        bench.Metrics.Queries[carriers] =
        [
            (Carrier("up"), _ => 1),
            (Carrier("http_requests_total"), _ => 1),
            (Carrier("http_requests_total", "checkout"), _ => 1),
            (Carrier("http_requests_total", "payment"), _ => 1),
        ];
        return bench;
    }

    private static Dictionary<string, string> Carrier(string metric, string? service = null)
    {
        var labels = new Dictionary<string, string> { ["__name__"] = metric, ["job"] = "demo" };
        if (service is not null)
            labels["service"] = service;
        return labels;
    }

    private static Task DiscoverAsync(JobBench bench) => bench.Get<DiscoverJob>().DiscoverAsync(MonitoredEnvironment.DefaultId, Token);

    private static Task<List<Service>> Services(JobBench bench) => bench.ReadAsync(db => db.Services.AsNoTracking().ToListAsync(Token));

    private static Task<List<Watch>> Watches(JobBench bench) => bench.ReadAsync(db => db.Watches.AsNoTracking().ToListAsync(Token));
}
