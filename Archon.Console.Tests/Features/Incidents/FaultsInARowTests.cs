using Archon.Data.Incidents;
using Archon.Features.Incidents;
using Archon.Tests.Features.Watches;
using Archon.Tests.Kit;
using Microsoft.EntityFrameworkCore;
using Xunit;

namespace Archon.Tests.Features.Incidents;

[SystemTest]
public sealed class FaultsInARowTests(PostgresFixture postgres)
{
    private static readonly TimeSpan Apart = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan Lasting = TimeSpan.FromMinutes(3);
    private static readonly string[] Broken = ["search", "stock"];
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Six_faults_of_one_service_and_then_of_another_are_twelve_incidents_with_a_cause_each()
    {
        var first = JobBench.Start.AddMinutes(10);
        var plan = Broken
            .SelectMany(service => Enum.GetValues<EstateFault>().Select(fault => (service, fault)))
            .Select((one, i) => new PlannedFault(one.fault, one.service, first + (Apart * i), first + (Apart * i) + Lasting))
            .ToList();
        await using var bench = await JobBench.StartAsync(postgres);
        var estate = new FaultyEstate(bench, plan);
        await estate.BuildAsync();

        foreach (var fault in plan)
        {
            await RunAsync(bench, estate, fault);
            await estate.EndAsync(fault.To.AddSeconds(15));
            await TriageAsync(bench);
        }

        var incidents = await IncidentsAsync(bench);
        var found = incidents.Select(incident => (Incident: incident, Fault: Of(plan, incident))).ToList();
        Assert.Equal(plan, found.Select(one => one.Fault));
        var wrong = found.Where(one => one.Incident.Hypotheses is not [var likely, ..] || likely.Service != one.Fault.Service).ToList();
        Assert.True(
            wrong.Count <= 2,
            string.Join("; ", wrong.Select(one => $"{one.Fault.Fault} of {one.Fault.Service}: {Text(one.Incident)}"))
        );
        Assert.DoesNotContain(wrong, one => one.Incident.Hypotheses is [{ Score: > 0.7 }, ..]);
    }

    [Fact]
    public async Task A_new_fault_does_not_join_an_old_incident_that_stays_open_and_has_its_own_cause()
    {
        var first = JobBench.Start.AddMinutes(10);
        var old = new PlannedFault(EstateFault.Latency, "search", first, first.AddHours(2));
        var late = new PlannedFault(EstateFault.Outage, "pay", first.AddMinutes(12), first.AddMinutes(30));
        await using var bench = await JobBench.StartAsync(postgres);
        var estate = new FaultyEstate(bench, [old, late]);
        await estate.BuildAsync();

        await RunAsync(bench, estate, old);
        await RunAsync(bench, estate, late);

        var incidents = await IncidentsAsync(bench);
        Assert.Equal(["search", "pay"], incidents.Select(incident => incident.Hypotheses.FirstOrDefault()?.Service));
        Assert.All(incidents, incident => Assert.Null(incident.ResolvedAt));
    }

    [Fact]
    public async Task A_leak_of_one_service_that_no_one_feels_is_its_own()
    {
        var first = JobBench.Start.AddMinutes(10);
        var leak = new PlannedFault(EstateFault.Leak, "pay", first, first.AddHours(1));
        await using var bench = await JobBench.StartAsync(postgres);
        var estate = new FaultyEstate(bench, [leak]);
        await estate.BuildAsync();

        await RunAsync(bench, estate, leak);

        var incident = Assert.Single(await IncidentsAsync(bench));
        Assert.Equal(("pay", "resident memory"), (incident.Hypotheses[0].Service, incident.Hypotheses[0].Metric));
    }

    [Fact]
    public async Task A_cause_ages_and_is_no_longer_named()
    {
        var first = JobBench.Start.AddMinutes(10);
        var old = new PlannedFault(EstateFault.Latency, "search", first, first.AddHours(40));
        await using var bench = await JobBench.StartAsync(postgres);
        var estate = new FaultyEstate(bench, [old]);
        await estate.BuildAsync();
        await RunAsync(bench, estate, old);
        var queries = new IncidentQueries(bench.Database.Contexts, bench.Clock);
        var young = Assert.Single(await queries.OpenAfterAsync(1, null, 10, Token));

        bench.Clock.Advance(TimeSpan.FromHours(6));
        var older = Assert.Single(await queries.OpenAfterAsync(1, null, 10, Token));
        bench.Clock.Advance(TimeSpan.FromHours(18));
        var oldest = Assert.Single(await queries.OpenAfterAsync(1, null, 10, Token));

        Assert.True(older.Hypotheses[0].Score < young.Hypotheses[0].Score);
        Assert.Empty(oldest.Hypotheses);
        Assert.NotNull(oldest.Abstained);
    }

    /// <summary>The fault begins, scans open what they see, and triage runs while it lasts.</summary>
    private static async Task RunAsync(JobBench bench, FaultyEstate estate, PlannedFault fault)
    {
        bench.Clock.SetUtcNow(fault.From.AddSeconds(50));
        await estate.OpenAsync(fault);
        for (var i = 0; i < 4; i++)
        {
            await TriageAsync(bench);
            bench.Clock.Advance(TimeSpan.FromSeconds(35));
        }
    }

    private static PlannedFault Of(List<PlannedFault> plan, Incident incident) => plan.Last(fault => fault.From <= incident.OpenedAt);

    private static string Text(Incident incident) =>
        string.Join(", ", incident.Hypotheses.Select(one => $"{one.Service} {one.Score:0.00} ({string.Join(' ', one.For)})"))
        + incident.Abstained;

    private static Task TriageAsync(JobBench bench) => bench.Get<TriageJob>().TriageAsync(1, Token);

    private static Task<List<Incident>> IncidentsAsync(JobBench bench) =>
        bench.ReadAsync(db =>
            db.Incidents.AsNoTracking()
                .Include(incident => incident.Members)
                .Where(incident => incident.MergedIntoId == null)
                .OrderBy(incident => incident.OpenedAt)
                .ToListAsync(Token)
        );
}
