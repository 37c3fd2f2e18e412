using Archon.Data.Catalogue;
using Archon.Features.Notifications;
using Archon.Features.Rules;
using Archon.Features.Services;
using Archon.Features.Watches;
using Hangfire;

namespace Archon.Hosting;

/// <summary>Every schedule of the console. Arguments are ids; what is due is decided by the job, from the database.</summary>
public static class RecurringJobs
{
    public static void Register(IRecurringJobManager jobs)
    {
        jobs.AddOrUpdate<DiscoverJob>("discover", "discover", job => job.DiscoverAsync(MonitoredEnvironment.DefaultId, CancellationToken.None), "* * * * *");
        jobs.AddOrUpdate<ImportRulesJob>("import-rules", "discover", job => job.ImportAsync(MonitoredEnvironment.DefaultId, CancellationToken.None), "* * * * *");
        jobs.AddOrUpdate<ImportChannelsJob>("import-channels", "discover", job => job.ImportAsync(MonitoredEnvironment.DefaultId, CancellationToken.None), "* * * * *");
        jobs.AddOrUpdate<HousekeepingJob>("housekeeping", "housekeeping", job => job.CleanAsync(CancellationToken.None), "17 * * * *");
    }
}
