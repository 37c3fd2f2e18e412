using Archon.Analysis.Series;

namespace Archon.Analysis.Forecasting;

/// <summary>Tells when a resource runs out: a disk, a pool, a quota, a certificate.</summary>
/// <remarks>
/// Shapes tried are flat, steady, bent at some time, shifted at some time, accelerating and saturating, each with a daily wave or without
/// and
/// with resets (clean-ups, restarts, rotations) or without. A resource that saturates below its limit, swings around a level or is always
/// cleared in time is not projected.
/// Source of the weights: Hoeting et al., "Bayesian Model Averaging: A Tutorial", Statistical Science 1999; of robust bucket medians:
/// Huber,
/// "Robust Statistics", 1981.
/// </remarks>
public static class ExhaustionProjection
{
    /// <summary>Values that are needed at least.</summary>
    public const int LeastValues = 12;

    private const int Buckets = 240;
    private const int LatestValues = 3;

    // In deviations of the noise.
    private const double Jump = 4;

    // As likely as not: a less likely end is not reported.
    private const double LeastProbability = 0.5;

    /// <summary>Projects from the last sample of a series on.</summary>
    /// <param name="series">At any steps, with gaps or without; order and doubles do not matter. What lies further back than twice the time
    /// asked for ahead is not read.</param>
    /// <exception cref="ArgumentException">The limit is not finite, the time asked for is not positive or the level lies outside 0 to
    /// 1.</exception>
    public static ExhaustionResult Project(MetricSeries series, ExhaustionSettings settings)
    {
        if (!double.IsFinite(settings.Limit))
            throw new ArgumentException("The limit is not finite.", nameof(settings));
        if (settings.Within <= TimeSpan.Zero)
            throw new ArgumentException($"{settings.Within} is no time ahead.", nameof(settings));
        if (settings.Level is not (> 0 and < 1))
        {
            throw new ArgumentException($"The level {settings.Level} does not lie between 0 and 1.", nameof(settings));
        }
        var known = Known(series, settings);
        // Towards a floor everything is turned upside down.
        var sign = settings.Direction == LimitDirection.Ceiling ? 1.0 : -1.0;
        var limit = sign * settings.Limit;
        var latest = known.Count == 0 ? double.NaN : sign * Resets.Median(known.TakeLast(LatestValues).Select(one => one.Value));
        if (known.Count < LeastValues || known[^1].Time == known[0].Time)
        {
            // What is at its limit needs no history.
            return latest >= limit ? new ExhaustionResult.Reached() : new ExhaustionResult.NotExpected(NoExhaustionReason.TooShort, 0);
        }
        var end = known[^1].Time;
        double span = end - known[0].Time;
        var (times, values) = Thinned(known, sign);
        var mean = values.Average();
        var deviation = Math.Sqrt(values.Average(value => (value - mean) * (value - mean)));
        if (!(deviation > 1e-9 * Math.Abs(mean)) || !double.IsFinite(deviation))
        {
            return latest >= limit ? new ExhaustionResult.Reached() : new ExhaustionResult.NotExpected(NoExhaustionReason.NotTrending, 0);
        }
        for (var at = 0; at < values.Length; at++)
            values[at] = (values[at] - mean) / deviation;
        var day = TimeSpan.FromDays(1).TotalMilliseconds / span;
        var run = new ExhaustionRun(times, values, (limit - mean) / deviation, settings.Within.TotalMilliseconds / span, day);
        var crossings = run.Crossings();
        // Noise alone may touch the limit; a jump to it that the fit does not know yet is more than noise.
        var jump = ((latest - mean) / deviation) - run.Best.At(0);
        if (crossings[crossings.Length / 2] == 0 || (latest >= limit && jump > Jump * run.Noise))
            return new ExhaustionResult.Reached();
        var probability = crossings.Count(double.IsFinite) / (double)crossings.Length;
        if (probability <= LeastProbability)
            return new ExhaustionResult.NotExpected(Reason(run), probability);
        var change = sign * deviation * (run.Best.At(day) - run.Best.At(0));
        return new ExhaustionResult.Projected(
            Moment(0.5),
            Moment((1 - settings.Level) / 2),
            Moment((1 + settings.Level) / 2),
            probability,
            change
        );

        DateTimeOffset Moment(double share)
        {
            var ahead = crossings[(int)(share * (crossings.Length - 1))] * span;
            return DateTimeOffset.FromUnixTimeMilliseconds(end)
                + TimeSpan.FromMilliseconds(Math.Min(ahead, settings.Within.TotalMilliseconds));
        }
    }

    private static List<(long Time, double Value)> Known(MetricSeries series, ExhaustionSettings settings)
    {
        var times = series.Times.Span;
        var values = series.Values.Span;
        var known = new List<(long Time, double Value)>(times.Length);
        for (var at = 0; at < times.Length; at++)
        {
            if (SampleValue.IsUsable(values[at]))
                known.Add((times[at], values[at]));
        }
        known.Sort();
        if (known.Count == 0)
            return known;
        var oldest = known[^1].Time - (2 * settings.Within.TotalMilliseconds);
        return known.SkipWhile(one => one.Time < oldest).ToList();
    }

    /// <summary>Medians of equal stretches of time, in spans from the end: a spike does not count, and no sample rate weighs more than
    /// another.</summary>
    private static (double[] Times, double[] Values) Thinned(List<(long Time, double Value)> known, double sign)
    {
        var (start, span) = (known[0].Time, (double)(known[^1].Time - known[0].Time));
        var buckets = known
            .GroupBy(one => Math.Min(Buckets - 1, (int)((one.Time - start) / span * Buckets)))
            .Select(bucket =>
                (Time: bucket.Average(one => (one.Time - start) / span) - 1, Value: sign * Resets.Median(bucket.Select(one => one.Value)))
            )
            .ToList();
        return ([.. buckets.Select(bucket => bucket.Time)], [.. buckets.Select(bucket => bucket.Value)]);
    }

    private static NoExhaustionReason Reason(ExhaustionRun run)
    {
        var best = run.Best;
        if (best.Basis.HasResets)
            return NoExhaustionReason.Sawtooth;
        if (best.Shape == GrowthShape.Saturating)
            return NoExhaustionReason.Saturating;
        // By the time of another history as long as this one.
        var isRising = best.At(1) - best.At(0) > run.Noise;
        return isRising ? NoExhaustionReason.FarAhead
            : best.Basis.HasWave ? NoExhaustionReason.Wave
            : NoExhaustionReason.NotTrending;
    }
}
