using Archon.Jobs;
using Hangfire;

namespace Archon.Hosting;

/// <summary>Makes the schedules that features contribute known to Hangfire.</summary>
public static class RecurringJobs
{
    public static void Register(IRecurringJobManager jobs, IEnumerable<JobSchedule> schedules)
    {
        // A schedule missed while nobody ran is not made up for: the next run does all the work there is.
        var options = new RecurringJobOptions { TimeZone = TimeZoneInfo.Utc, MisfireHandling = MisfireHandlingMode.Ignorable };
        foreach (var schedule in schedules)
            jobs.AddOrUpdate(schedule.Id, schedule.Job, schedule.Cron, options);
    }
}
