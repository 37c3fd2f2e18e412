using Archon.Data.Catalogue;
using Archon.Features.Forecasts;
using Archon.Features.Incidents;
using Archon.Features.Notifications;
using Archon.Features.Rules;
using Archon.Features.Rules.Apply;
using Archon.Features.Rules.Catalogue;
using Archon.Features.Scanning;
using Archon.Features.Services;
using Archon.Features.Watches;
using Hangfire;

namespace Archon.Hosting;

/// <summary>Every schedule of the console. Arguments are ids; what is due is decided by the job, from the database.</summary>
/// <remarks>The seconds hold only where the server's <c>SchedulePollingInterval</c> is a second: scans lie on multiples of five seconds, so a
/// dispatch right after one finds it due.</remarks>
public static class RecurringJobs
{
    private const string EveryFiveSeconds = "*/5 * * * * *";
    private const int Local = MonitoredEnvironment.DefaultId;

    /// <summary>The time from one run of each schedule to its next: a next run further ahead was computed by a clock that was wrong.</summary>
    public static readonly IReadOnlyDictionary<string, TimeSpan> Periods = new Dictionary<string, TimeSpan>
    {
        ["scan"] = TimeSpan.FromSeconds(5),
        ["fit"] = TimeSpan.FromMinutes(1),
        ["forecast"] = TimeSpan.FromMinutes(1),
        ["triage"] = TimeSpan.FromSeconds(15),
        ["discover"] = TimeSpan.FromSeconds(15),
        ["import-rules"] = TimeSpan.FromMinutes(1),
        ["watch-rule-files"] = TimeSpan.FromMinutes(1),
        ["import-channels"] = TimeSpan.FromMinutes(1),
        ["housekeeping"] = TimeSpan.FromHours(1),
    };

    /// <summary>What a console that has just started need not wait a minute for.</summary>
    public static readonly IReadOnlyList<string> AtStart = ["discover", "import-rules", "import-channels", "watch-rule-files"];

    public static void Register(IRecurringJobManager jobs)
    {
        // A schedule missed while nobody ran is not made up for: the next run does all the work there is.
        var options = new RecurringJobOptions { TimeZone = TimeZoneInfo.Utc, MisfireHandling = MisfireHandlingMode.Ignorable };
        jobs.AddOrUpdate<ScanJob>("scan", "scan", job => job.DispatchAsync(CancellationToken.None), EveryFiveSeconds, options);
        jobs.AddOrUpdate<FitModelsJob>("fit", "fit", job => job.DispatchAsync(CancellationToken.None), "30 * * * * *", options);
        jobs.AddOrUpdate<ForecastJob>("forecast", "forecast", job => job.DispatchAsync(CancellationToken.None), "45 * * * * *", options);
        jobs.AddOrUpdate<TriageJob>("triage", "triage", job => job.TriageAsync(Local, CancellationToken.None), "3/15 * * * * *", options);
        jobs.AddOrUpdate<DiscoverJob>("discover", "discover", job => job.DispatchAsync(Local, CancellationToken.None), "*/15 * * * * *", options);
        jobs.AddOrUpdate<ImportRulesJob>("import-rules", "discover", job => job.ImportAsync(Local, CancellationToken.None), "20 * * * * *", options);
        jobs.AddOrUpdate<WatchRuleFilesJob>(
            "watch-rule-files", "discover", job => job.LookAsync(Local, CancellationToken.None), "50 * * * * *", options);
        jobs.AddOrUpdate<ImportChannelsJob>(
            "import-channels", "discover", job => job.ImportAsync(Local, CancellationToken.None), "25 * * * * *", options);
        jobs.AddOrUpdate<HousekeepingJob>("housekeeping", "housekeeping", job => job.CleanAsync(CancellationToken.None), "0 17 * * * *", options);
    }
}
