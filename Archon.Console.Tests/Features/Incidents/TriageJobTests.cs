using Archon.Analysis.Correlation;
using Archon.Analysis.RootCause;
using Archon.Data.Catalogue;
using Archon.Data.Incidents;
using Archon.Features.Incidents;
using Archon.Features.Scanning;
using Archon.Integrations;
using Archon.Tests.Features.Watches;
using Archon.Tests.Kit;
using Microsoft.EntityFrameworkCore;
using Xunit;

namespace Archon.Tests.Features.Incidents;

[SystemTest]
public sealed class TriageJobTests(PostgresFixture postgres)
{
    private static readonly TimeSpan Step = TimeSpan.FromSeconds(15);
    private static readonly string[] Names = ["shop", "store", "other", "fresh"];
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_slow_callee_and_its_caller_are_one_incident_and_the_callee_is_the_likeliest_cause()
    {
        await using var bench = await JobBench.StartAsync(postgres);
        var watch = await EstateAsync(bench, slowUntil: null);

        await TriageAsync(bench);
        await TriageAsync(bench); // a second run changes nothing

        var incident = Assert.Single(await IncidentsAsync(bench));
        Assert.Equal(2, incident.Members.Count);
        Assert.Null(incident.ResolvedAt);
        Assert.Equal("store", incident.Hypotheses[0].Service);
        Assert.NotEmpty(incident.Hypotheses[0].For);
        Assert.Equal(["shop", "store"], incident.Hypotheses[0].Path);
        Assert.NotEqual(0, watch);
    }

    [Fact]
    public async Task A_service_that_is_watched_only_since_just_before_is_not_blamed_for_beginning()
    {
        await using var bench = await JobBench.StartAsync(postgres);
        var begun = JobBench.Start.AddMinutes(4);
        bench.Metrics.Serve("memory", "fresh", at => DateTimeOffset.FromUnixTimeSeconds(at) < begun ? null : 0.9);
        bench.Metrics.Serve("process_start_time_seconds", "fresh", _ => begun.ToUnixTimeSeconds());
        var memory = await bench.AddWatchAsync("memory");
        await EstateAsync(bench, slowUntil: null);
        await bench.Get<FitModelsJob>().FitAsync(memory, Token);

        var answer = await bench
            .Get<CauseEvidence>()
            .QuestionAsync(1, ServiceGraph.Empty, JobBench.Start.AddMinutes(5), [], bench.Clock.GetUtcNow(), Token);

        var question = Assert.IsType<Fetch<CauseQuestion>.Ok>(answer).Value;
        Assert.Equal(["other", "shop", "store"], question.Series.Select(series => series.Service).Order());
        Assert.Empty(question.Changes);
    }

    [Fact]
    public async Task An_incident_is_over_when_nothing_of_it_lasts()
    {
        await using var bench = await JobBench.StartAsync(postgres);
        var watch = await EstateAsync(bench, slowUntil: JobBench.Start.AddMinutes(10));
        await TriageAsync(bench);
        await bench.ScanAsync(watch, TimeSpan.FromMinutes(10));
        await TriageAsync(bench);

        bench.Clock.Advance(TimeSpan.FromMinutes(15));
        await TriageAsync(bench);

        var incident = Assert.Single(await IncidentsAsync(bench));
        Assert.NotNull(incident.ResolvedAt);
        Assert.All(incident.Members, member => Assert.NotNull(member.EndedAt));
    }

    [Fact]
    public async Task What_began_and_ended_while_triage_did_not_run_becomes_an_incident_that_is_over()
    {
        await using var bench = await JobBench.StartAsync(postgres);
        var watch = await EstateAsync(bench, slowUntil: JobBench.Start.AddMinutes(10));
        await bench.ReadAsync(db =>
            db.Environments.ExecuteUpdateAsync(set => set.SetProperty(one => one.TriagedAt, JobBench.Start), Token)
        );
        await bench.ScanAsync(watch, TimeSpan.FromMinutes(10));
        var anomalies = await bench.ReadAsync(db => db.Anomalies.ToListAsync(Token));
        Assert.All(anomalies, anomaly => Assert.NotNull(anomaly.EndedAt));
        bench.Clock.Advance(TimeSpan.FromHours(20));

        await TriageAsync(bench);
        await TriageAsync(bench); // a second run changes nothing

        var incident = Assert.Single(await IncidentsAsync(bench));
        Assert.Equal(anomalies.Select(anomaly => $"{anomaly.Id}").Order(), incident.Members.Select(member => member.Key).Order());
        Assert.Equal(anomalies.Max(anomaly => anomaly.EndedAt), incident.ResolvedAt);
        Assert.Equal("store", incident.Hypotheses[0].Service);
    }

    [Fact]
    public async Task A_member_that_ended_while_triage_did_not_run_ends_when_its_anomaly_did()
    {
        await using var bench = await JobBench.StartAsync(postgres);
        var watch = await EstateAsync(bench, slowUntil: JobBench.Start.AddMinutes(10));
        await TriageAsync(bench);
        await bench.ScanAsync(watch, TimeSpan.FromMinutes(10));
        bench.Clock.Advance(TimeSpan.FromHours(20));

        await TriageAsync(bench);

        var ends = await bench.ReadAsync(db => db.Anomalies.Select(anomaly => anomaly.EndedAt).ToListAsync(Token));
        Assert.Equal(ends.Order(), Assert.Single(await IncidentsAsync(bench)).Members.Select(member => member.EndedAt).Order());
    }

    [Fact]
    public async Task What_had_ended_before_triage_looked_last_opens_no_incident()
    {
        await using var bench = await JobBench.StartAsync(postgres);
        var watch = await EstateAsync(bench, slowUntil: JobBench.Start.AddMinutes(10));
        await bench.ScanAsync(watch, TimeSpan.FromMinutes(10));
        await bench.ReadAsync(db =>
            db.Environments.ExecuteUpdateAsync(set => set.SetProperty(one => one.TriagedAt, bench.Clock.GetUtcNow()), Token)
        );

        await TriageAsync(bench);

        Assert.Empty(await IncidentsAsync(bench));
    }

    [Fact]
    public async Task A_past_incident_that_was_alike_is_found_with_what_was_behind_it()
    {
        await using var bench = await JobBench.StartAsync(postgres);
        await EstateAsync(bench, slowUntil: null);
        await TriageAsync(bench);
        var now = Assert.Single(await IncidentsAsync(bench));
        var (before, over) = (now.OpenedAt.AddDays(-3), now.OpenedAt.AddDays(-3).AddHours(1));
        await bench.ReadAsync(async db =>
        {
            foreach (var fingerprint in (string[])[now.Fingerprint, Fingerprint.Of([new("1", 0, "other", "cpu")], []).Text])
            {
                db.Incidents.Add(
                    new Incident
                    {
                        EnvironmentId = 1,
                        Title = "before",
                        OpenedAt = before,
                        ChangedAt = over,
                        ResolvedAt = over,
                        Fingerprint = fingerprint,
                        Hypotheses = now.Hypotheses,
                    }
                );
            }
            return await db.SaveChangesAsync(Token);
        });

        var similar = Assert.Single(await new IncidentQueries(bench.Database.Contexts, bench.Clock).SimilarAsync(1, now.Id, Token));

        Assert.Equal((before, 1.0, "store"), (similar.OpenedAt, similar.Similarity, similar.Cause));
    }

    [Fact]
    public async Task A_firing_alert_joins_and_does_not_end_while_Alertmanager_is_away()
    {
        await using var bench = await JobBench.StartAsync(postgres);
        await EstateAsync(bench, slowUntil: null);
        var at = JobBench.Start.AddMinutes(6).UtcDateTime.ToString("O");
        bench.Metrics.Alerts = $$$"""
            [{"fingerprint":"f1","labels":{"alertname":"Slow requests latency","service":"shop","severity":"critical"},"annotations":{},"receivers":[{"name":"team"}],
              "startsAt":"{{{at}}}","endsAt":"2027-01-01T00:00:00Z","updatedAt":"{{{at}}}","status":{"state":"active","silencedBy":[],"inhibitedBy":[]}}]
            """;
        await TriageAsync(bench);
        bench.Metrics.Alerts = "not what an Alertmanager says";

        await TriageAsync(bench);

        var alert = Assert.Single(
            (await IncidentsAsync(bench)).SelectMany(incident => incident.Members),
            member => member.Kind == IncidentMemberKind.Alert
        );
        Assert.Null(alert.EndedAt);
        Assert.NotEmpty(alert.Reason);
    }

    /// <summary>A shop that calls a store; the store turns slow after five minutes, and the shop with it.</summary>
    private static async Task<int> EstateAsync(JobBench bench, DateTimeOffset? slowUntil)
    {
        var began = JobBench.Start.AddMinutes(5);
        bool IsSlow(long at) =>
            DateTimeOffset.FromUnixTimeSeconds(at) is var moment && moment >= began && (slowUntil is null || moment < slowUntil);
        double Jitter(long at, int seed) => 0.004 * Math.Sin((at / 15 * 1.7) + seed) * Math.Cos(at / 15 * 0.9);
        bench.Metrics.Serve("latency", "store", at => (IsSlow(at) ? 0.9 : 0.1) + Jitter(at, 1));
        bench.Metrics.Serve("latency", "shop", at => (IsSlow(at) ? 1.1 : 0.3) + Jitter(at, 2));
        bench.Metrics.Serve("latency", "other", at => 0.2 + Jitter(at, 3));
        await bench.ReadAsync(async db =>
        {
            var services = Names
                .Select(name => new Service
                {
                    EnvironmentId = 1,
                    Name = name,
                    Matchers = new() { ["service"] = name },
                    CreatedAt = JobBench.Start,
                    LastSeenAt = JobBench.Start,
                })
                .ToList();
            db.Services.AddRange(services);
            await db.SaveChangesAsync(Token);
            db.ServiceDependencies.Add(new ServiceDependency { CallerId = services[0].Id, CalleeId = services[1].Id });
            return await db.SaveChangesAsync(Token);
        });
        var watch = await bench.AddWatchAsync();
        await bench.Get<FitModelsJob>().FitAsync(watch, Token);
        await bench.ScanAsync(watch, Step);
        await bench.ScanAsync(watch, TimeSpan.FromMinutes(9));
        return watch;
    }

    private static Task TriageAsync(JobBench bench) => bench.Get<TriageJob>().TriageAsync(1, Token);

    private static Task<List<Incident>> IncidentsAsync(JobBench bench) =>
        bench.ReadAsync(db => db.Incidents.AsNoTracking().Include(incident => incident.Members).ToListAsync(Token));
}
