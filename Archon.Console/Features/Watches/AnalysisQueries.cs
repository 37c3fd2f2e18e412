using System.ComponentModel.DataAnnotations;
using System.Globalization;
using Hangfire;
using Hangfire.Common;
using Hangfire.States;
using Hangfire.Storage;

namespace Archon.Features.Watches;

/// <summary>The state of an analysis on demand.</summary>
/// <param name="Status">enqueued, running, retrying, succeeded, failed or cancelled.</param>
/// <param name="Reason">Why it failed or is tried again; null where it did not fail.</param>
public sealed record AnalysisState(
    string JobId,
    [property: AllowedValues("enqueued", "running", "retrying", "succeeded", "failed", "cancelled")] string Status,
    DateTimeOffset Since,
    string? Reason
);

public sealed class AnalysisQueries(IServiceProvider services)
{
    private const int ReasonLength = 500;

    /// <returns>Null where the environment has no such analysis. One that succeeded is forgotten after a day.</returns>
    public AnalysisState? Find(int environmentId, string jobId)
    {
        // An id of the storage is a number; anything else would be an error of it.
        if (!long.TryParse(jobId, NumberStyles.None, CultureInfo.InvariantCulture, out _))
            return null;
        // Asked for late, as by WatchCommands.
        using var connection = services.GetRequiredService<JobStorage>().GetConnection();
        if (
            connection.GetJobData(jobId) is not { } found
            || !AnalyseJob.IsOf(found.Job, environmentId)
            || connection.GetStateData(jobId) is not { } state
        )
            return null;
        var status = state.Name switch
        {
            var name when name == ProcessingState.StateName => "running",
            var name when name == ScheduledState.StateName => "retrying",
            var name when name == SucceededState.StateName => "succeeded",
            var name when name == FailedState.StateName => "failed",
            var name when name == DeletedState.StateName => "cancelled",
            _ => "enqueued",
        };
        var reason = status is "failed" or "retrying"
            ? (state.Data.TryGetValue("ExceptionMessage", out var message) ? message : state.Reason)
            : null;
        return new AnalysisState(
            jobId,
            status,
            Since(state) ?? At(found.CreatedAt),
            reason is { Length: > ReasonLength } ? reason[..ReasonLength] : reason
        );
    }

    private static DateTimeOffset? Since(StateData state)
    {
        foreach (var key in (string[])["StartedAt", "ScheduledAt", "SucceededAt", "FailedAt", "DeletedAt", "EnqueuedAt"])
        {
            if (state.Data.TryGetValue(key, out var text) && JobHelper.DeserializeNullableDateTime(text) is { } at)
                return At(at);
        }
        return null;
    }

    private static DateTimeOffset At(DateTime utc) => new(DateTime.SpecifyKind(utc, DateTimeKind.Utc));
}
