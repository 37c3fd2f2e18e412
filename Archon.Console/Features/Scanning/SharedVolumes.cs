using Archon.Analysis.Series;
using Archon.Integrations;
using Archon.Integrations.Prometheus;

namespace Archon.Features.Scanning;

/// <summary>The requests behind values, asked once for all watches of a shard that need the same: latencies and errors of a service share theirs.</summary>
internal sealed class SharedVolumes(Upstreams upstreams)
{
    private (int EnvironmentId, string Query, TimeRange Range, TimeSpan Step, IReadOnlyList<MetricSeries> Series)? last;

    /// <returns>Nothing without an answer: the values are then judged all the same, for what is known of them stands.</returns>
    public async Task<IReadOnlyList<MetricSeries>> OfAsync(
        int environmentId,
        string query,
        TimeRange range,
        TimeSpan step,
        CancellationToken cancellationToken
    )
    {
        if (last is { } known && (known.EnvironmentId, known.Query, known.Range, known.Step) == (environmentId, query, range, step))
            return known.Series;
        if (
            await upstreams.For(environmentId).Prometheus.QueryRangeAsync(query, range, step, cancellationToken)
            is not Fetch<MatrixResult>.Ok { Value.Series: var series }
        )
            return [];
        last = (environmentId, query, range, step, series);
        return series;
    }
}
