using Archon.Data.Anomalies;
using Archon.Data.Catalogue;
using Archon.Data.States;
using Archon.Features.Scanning;
using Archon.Features.Scanning.States;
using Archon.Tests.Features.Watches;
using Archon.Tests.Kit;
using Microsoft.EntityFrameworkCore;
using Xunit;

namespace Archon.Tests.Features.Scanning;

[SystemTest]
public sealed class StateRetentionTests(PostgresFixture postgres)
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_subject_whose_state_can_change_keeps_its_newest_row_before_the_cut_and_all_rows_after_it()
    {
        await using var bench = await JobBench.StartAsync(postgres);
        var (watch, service, open, ended) = await AddSubjectsAsync(bench);
        await bench.ReadAsync(db =>
        {
            db.StateChanges.AddRange(
                Row(StateSubject.Service, $"{service}", "Healthy", 200),
                Row(StateSubject.Service, $"{service}", "Warning", 91),
                Row(StateSubject.Service, $"{service}", "Critical", 89),
                Row(StateSubject.Service, $"{service}", "Info", 1),
                Row(StateSubject.Service, "987", "Healthy", 91),
                Row(StateSubject.Watch, $"{watch}", "Checked", 400),
                Row(StateSubject.Watch, "987", "Checked", 400),
                Row(StateSubject.Anomaly, $"{open}", "Info", 121),
                Row(StateSubject.Anomaly, $"{open}", "Warning", 120),
                Row(StateSubject.Anomaly, $"{ended}", "Warning", 120),
                Row(StateSubject.Anomaly, $"{ended}", "Ended", 119),
                Row(StateSubject.Anomaly, "987654321987", "Ended", 119),
                Row(StateSubject.Console, "killed", ConsoleStates.Recording, 200),
                Row(StateSubject.Console, "killed", ConsoleStates.Lost, 150),
                Row(StateSubject.Console, "old", ConsoleStates.Recording, 200),
                Row(StateSubject.Console, "old", ConsoleStates.Stopped, 10),
                Row(StateSubject.Console, "runs", ConsoleStates.Recording, 100)
            );
            return db.SaveChangesAsync(Token);
        });

        await bench.Get<HousekeepingJob>().CleanAsync(Token);
        await bench.Get<HousekeepingJob>().CleanAsync(Token);

        Assert.Equal(
            [
                $"Service {service} Warning",
                $"Service {service} Critical",
                $"Service {service} Info",
                $"Watch {watch} Checked",
                $"Anomaly {open} Warning",
                "Console old Recording",
                "Console old Stopped",
                "Console runs Recording",
            ],
            (await bench.ReadAsync(db => db.StateChanges.OrderBy(row => row.Id).ToListAsync(Token))).Select(row =>
                $"{row.Subject} {row.SubjectId} {row.State}"
            )
        );
    }

    private static StateChange Row(StateSubject subject, string id, string state, int daysAgo)
    {
        var at = JobBench.Start.AddDays(-daysAgo);
        return StateLog.Change(subject == StateSubject.Console ? null : 1, subject, id, state, at, at, "");
    }

    private static async Task<(int Watch, int Service, long Open, long Ended)> AddSubjectsAsync(JobBench bench)
    {
        var watch = await bench.AddWatchAsync();
        var service = new Service
        {
            EnvironmentId = 1,
            Name = "checkout",
            Origin = CatalogueOrigin.Accepted,
        };
        var series = new WatchedSeries
        {
            EnvironmentId = 1,
            WatchId = watch,
            LabelsKey = "",
        };
        await bench.ReadAsync(db =>
        {
            db.Services.Add(service);
            db.WatchedSeries.Add(series);
            return db.SaveChangesAsync(Token);
        });
        var anomalies = Enumerable
            .Range(1, 2)
            .Select(day => new Anomaly
            {
                EnvironmentId = 1,
                WatchId = watch,
                SeriesId = series.Id,
                StartedAt = JobBench.Start.AddDays(-day),
            })
            .ToList();
        await bench.ReadAsync(db =>
        {
            db.Anomalies.AddRange(anomalies);
            return db.SaveChangesAsync(Token);
        });
        return (watch, service.Id, anomalies[0].Id, anomalies[1].Id);
    }
}
