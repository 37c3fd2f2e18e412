using Archon.Analysis.Series;
using Archon.Integrations;
using Archon.Integrations.Prometheus;

namespace Archon.Features.Scanning;

/// <summary>What several watches of a shard need to know of the same stretch, asked once for all of them. A failure is an answer too.</summary>
internal sealed class SharedReadings(Upstreams upstreams)
{
    /// <summary>So far before a stretch the server's samples are looked at: how far they usually are apart, and whether a window is whole.</summary>
    private static readonly TimeSpan LeastBefore = TimeSpan.FromMinutes(20);

    /// <summary>Of a longer window a gap is seen only where it ended within this time.</summary>
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
        return volumes.Answer is Fetch<MatrixResult>.Ok { Value.Series: var series } ? series : [];
    }

    /// <summary>When the server took no samples.</summary>
    /// <param name="window">The longest stretch that values are computed over.</param>
    /// <returns>No gaps where the server refuses the question.</returns>
    public async Task<Fetch<SourceGaps>> GapsAsync(
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
        return newest.Answer switch
        {
            Fetch<MatrixResult>.Ok { Value.Series: var series } => new Fetch<SourceGaps>.Ok(SourceGaps.Of(series, seen, step)),
            Fetch<MatrixResult>.Unavailable { Reason: var reason } => new Fetch<SourceGaps>.Unavailable(reason),
            _ => new Fetch<SourceGaps>.Ok(SourceGaps.None),
        };
    }

    private async Task<Reading> ReadAsync(Question asked, CancellationToken cancellationToken) =>
        new(
            asked,
            await upstreams.For(asked.EnvironmentId).Prometheus.QueryRangeAsync(asked.Query, asked.Range, asked.Step, cancellationToken)
        );

    private sealed record Question(int EnvironmentId, string Query, TimeRange Range, TimeSpan Step);

    private sealed record Reading(Question Asked, Fetch<MatrixResult> Answer);
}
