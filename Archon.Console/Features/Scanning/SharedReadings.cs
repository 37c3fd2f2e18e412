using Archon.Analysis.Series;
using Archon.Integrations;
using Archon.Integrations.Prometheus;

namespace Archon.Features.Scanning;

/// <summary>What several watches of a shard need to know of the same stretch, asked once for all of them.</summary>
internal sealed class SharedReadings(Upstreams upstreams)
{
    /// <summary>So far before a stretch the server's samples are looked at: whether a window is whole depends on what came before.</summary>
    private static readonly TimeSpan LeastBefore = TimeSpan.FromMinutes(10);

    /// <summary>A longer window hardly changes by a gap that ended so long ago.</summary>
    private static readonly TimeSpan MostBefore = TimeSpan.FromHours(1);

    private Reading? volumes;
    private Reading? newest;

    /// <summary>The requests behind values.</summary>
    /// <returns>Nothing without an answer: the values are then judged all the same, for what is known of them stands.</returns>
    public async Task<IReadOnlyList<MetricSeries>> RequestsAsync(
        int environmentId,
        string query,
        TimeRange range,
        TimeSpan step,
        CancellationToken cancellationToken
    )
    {
        var asked = new Question(environmentId, query, range, step);
        if (volumes?.Asked != asked)
            volumes = await ReadAsync(asked, cancellationToken);
        return volumes?.Series ?? [];
    }

    /// <summary>When the server took no samples.</summary>
    /// <param name="window">The longest stretch that values are computed over.</param>
    /// <returns>No gaps without an answer.</returns>
    public async Task<SourceGaps> GapsAsync(
        int environmentId,
        TimeRange range,
        TimeSpan step,
        TimeSpan window,
        CancellationToken cancellationToken
    )
    {
        var before = TimeSpan.FromMilliseconds(
            Math.Clamp(2 * window.TotalMilliseconds, LeastBefore.TotalMilliseconds, MostBefore.TotalMilliseconds)
        );
        var seen = new TimeRange(range.Start - (Math.Ceiling(before / step) * step), range.End);
        var asked = new Question(environmentId, SourceGaps.Query, seen, step);
        if (newest?.Asked != asked)
            newest = await ReadAsync(asked, cancellationToken);
        return newest is { } read ? SourceGaps.Of(read.Series, seen, step) : SourceGaps.None;
    }

    private async Task<Reading?> ReadAsync(Question asked, CancellationToken cancellationToken) =>
        await upstreams.For(asked.EnvironmentId).Prometheus.QueryRangeAsync(asked.Query, asked.Range, asked.Step, cancellationToken)
            is Fetch<MatrixResult>.Ok { Value.Series: var series }
            ? new Reading(asked, series)
            : null;

    private sealed record Question(int EnvironmentId, string Query, TimeRange Range, TimeSpan Step);

    private sealed record Reading(Question Asked, IReadOnlyList<MetricSeries> Series);
}
