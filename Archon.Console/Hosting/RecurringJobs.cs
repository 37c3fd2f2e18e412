using Archon.Jobs;
using Archon.Shell;
using Hangfire;
using Hangfire.Storage;

namespace Archon.Hosting;

/// <summary>Makes the schedules that features contribute known to Hangfire.</summary>
public static class RecurringJobs
{
    /// <param name="environmentId">The only one that has outside systems.</param>
    public static void Register(IRecurringJobManager jobs, IEnumerable<JobSchedule> schedules, int environmentId)
    {
        // A schedule missed while no console ran is not made up for: the next run does all the work there is.
        var options = new RecurringJobOptions { TimeZone = TimeZoneInfo.Utc, MisfireHandling = MisfireHandlingMode.Ignorable };
        foreach (var schedule in schedules)
            jobs.AddOrUpdate(schedule.Id, schedule.JobOf(environmentId), schedule.Cron, options);
    }

    /// <summary>Hangfire keeps schedules in the database: those of features that are left out now go.</summary>
    public static void RemoveAbsent(IRecurringJobManager jobs, JobStorage storage, ConsoleFeatures features)
    {
        using var connection = storage.GetConnection();
        foreach (var stored in connection.GetRecurringJobs())
        {
            if (stored.Job is { Type: var type } && !features.Has(type))
                jobs.RemoveIfExists(stored.Id);
        }
    }
}
