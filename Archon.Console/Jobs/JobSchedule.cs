using System.Linq.Expressions;
using Hangfire.Common;

namespace Archon.Jobs;

/// <summary>When a job of a feature runs. Arguments are ids; what is due is decided by the job, from the database.</summary>
/// <param name="JobOf">The job, by the id of the environment that it works for. A job that works for all does not ask.</param>
/// <param name="Cron">With seconds. They hold only where the server's polling interval is a second.</param>
/// <param name="Period">The time from one run to the next: a next run further ahead was computed by a clock that was wrong.</param>
/// <param name="RunsAtStart">A console that has just started does not wait for the first time.</param>
public sealed record JobSchedule(string Id, Func<int, Job> JobOf, string Cron, TimeSpan Period, bool RunsAtStart)
{
    public static JobSchedule Of<T>(
        string id,
        string queue,
        string cron,
        TimeSpan period,
        Expression<Func<T, Task>> call,
        bool runsAtStart = false
    ) => new(id, _ => Job.FromExpression(call, queue), cron, period, runsAtStart);

    /// <summary>A job that works for one environment.</summary>
    public static JobSchedule OfEnvironment<T>(
        string id,
        string queue,
        string cron,
        TimeSpan period,
        Func<int, Expression<Func<T, Task>>> call,
        bool runsAtStart = false
    ) => new(id, environmentId => Job.FromExpression(call(environmentId), queue), cron, period, runsAtStart);
}
