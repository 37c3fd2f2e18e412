using System.Globalization;
using System.Reflection;
using Hangfire.Common;
using Hangfire.States;

namespace Archon.Jobs;

/// <summary>What happens to a job whose lock another run has.</summary>
public enum WhenLockTaken
{
    /// <summary>It goes back into its queue after a short delay, with its arguments and all of its attempts.</summary>
    Requeue,

    /// <summary>It ends as succeeded without having run. For jobs that come every few seconds and do all the work there is.</summary>
    Skip,
}

/// <summary>
/// One run at a time of all jobs that name the same resource, in all processes on one database. The lock dies with the process and with its
/// connection; a job whose lock breaks is cancelled and goes back into its queue.
/// </summary>
/// <param name="resource">Such as <c>triage:{0}</c>: the job's arguments are filled in, by their place.</param>
/// <remarks>The job's method needs a <see cref="CancellationToken"/> to notice that its lock broke. <c>LockedJobPerformer</c> takes the lock.</remarks>
[AttributeUsage(AttributeTargets.Method)]
public sealed class AdvisoryLockAttribute(string resource) : JobFilterAttribute, IElectStateFilter
{
    public string Resource { get; } = resource;

    public WhenLockTaken WhenTaken { get; init; } = WhenLockTaken.Requeue;

    /// <summary>Null where a job needs no lock.</summary>
    public static AdvisoryLockAttribute? Of(Job job) => job.Method.GetCustomAttribute<AdvisoryLockAttribute>();

    public string ResourceOf(Job job) => string.Format(CultureInfo.InvariantCulture, Resource, [.. job.Args]);

    /// <summary>Puts off a job that did not run, in place of the success that Hangfire takes the return for.</summary>
    public void OnStateElection(ElectStateContext context)
    {
        if (
            context.CandidateState is SucceededState
            && context.CustomData?.TryGetValue(PostponedJob.Item, out var item) == true
            && item is PostponedJob postponed
        )
        {
            context.CandidateState = new ScheduledState(postponed.Delay) { Reason = postponed.Reason };
        }
    }
}

/// <summary>Notes on a run that it did not take place and is to come again.</summary>
/// <param name="Reason">Begins with <see cref="ReasonStart"/>.</param>
public sealed record PostponedJob(TimeSpan Delay, string Reason)
{
    /// <summary>The key among the items of a run.</summary>
    public const string Item = "archon.postponed";

    /// <summary>By these words such a job is found again among the scheduled ones.</summary>
    public const string ReasonStart = "Waits for the lock ";
}
