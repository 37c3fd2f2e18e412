using System.Linq.Expressions;
using Hangfire.Common;

namespace Archon.Jobs;

/// <summary>When a job of a feature runs. Arguments are ids; what is due is decided by the job, from the database.</summary>
/// <param name="Cron">With seconds. They hold only where the server's polling interval is a second.</param>
/// <param name="Period">The time from one run to the next: a next run further ahead was computed by a clock that was wrong.</param>
/// <param name="RunsAtStart">A console that has just started does not wait for the first time.</param>
public sealed record JobSchedule(string Id, Job Job, string Cron, TimeSpan Period, bool RunsAtStart)
{
    public static JobSchedule Of<T>(
        string id,
        string queue,
        string cron,
        TimeSpan period,
        Expression<Func<T, Task>> call,
        bool runsAtStart = false
    ) => new(id, Job.FromExpression(call, queue), cron, period, runsAtStart);
}
