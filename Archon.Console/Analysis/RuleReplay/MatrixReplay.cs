using Archon.Analysis.Series;

namespace Archon.Analysis.RuleReplay;

/// <summary>Replays a rule over the answer to a range query of its expression.</summary>
public static class MatrixReplay
{
    // Often enough to be stopped within a moment, seldom enough to cost nothing.
    private const int StepsPerLook = 1024;

    /// <summary>Moves a replay on over evenly spaced evaluations.</summary>
    /// <param name="replay">Where the replay stands; it may have seen earlier evaluations.</param>
    /// <param name="first">Unix milliseconds of the first evaluation.</param>
    /// <param name="step">Milliseconds between two.</param>
    /// <param name="count">How many.</param>
    /// <param name="queryOffset">How many milliseconds before an evaluation its query looks.</param>
    /// <param name="series">Samples at the times of the queries, oldest first; where a series has none it was not in the result.</param>
    /// <param name="seen">Told each evaluation's time and outcome.</param>
    /// <exception cref="ArgumentException">A sample lies between two evaluations.</exception>
    public static void Run(
        RuleReplayer replay,
        long first,
        long step,
        int count,
        long queryOffset,
        IReadOnlyList<MetricSeries> series,
        Action<long, ReplayStep> seen,
        CancellationToken cancellationToken
    )
    {
        foreach (var (at, outcome) in Steps(replay, first, step, count, queryOffset, series, cancellationToken))
            seen(at, outcome);
    }

    /// <summary>As <see cref="Run"/>, one evaluation at a time as they are asked for.</summary>
    public static IEnumerable<(long At, ReplayStep Step)> Steps(
        RuleReplayer replay,
        long first,
        long step,
        int count,
        long queryOffset,
        IReadOnlyList<MetricSeries> series,
        CancellationToken cancellationToken
    )
    {
        var places = new int[series.Count];
        var vector = new ReplaySample[series.Count];
        for (var i = 0; i < count; i++)
        {
            if (i % StepsPerLook == 0)
                cancellationToken.ThrowIfCancellationRequested();
            var at = first + (i * step);
            var asked = at - queryOffset;
            var size = 0;
            for (var s = 0; s < places.Length; s++)
            {
                var one = series[s];
                var place = places[s];
                if (place >= one.Count)
                    continue;
                var time = one.Times.Span[place];
                if (time > asked)
                    continue;
                if (time < asked)
                    throw new ArgumentException($"A sample at {time} is between two evaluations.", nameof(series));
                vector[size++] = new ReplaySample(one.Labels, one.Values.Span[place]);
                places[s] = place + 1;
            }
            yield return (at, replay.Evaluate(at, vector.AsSpan(0, size)));
        }
    }
}
