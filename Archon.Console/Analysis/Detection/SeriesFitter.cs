using System.Runtime.InteropServices;
using Archon.Analysis.Series;

namespace Archon.Analysis.Detection;

/// <summary>Learns a state from history by running a detector through it twice: once to learn season and scales, once, knowing them, to
/// learn what is rare.</summary>
internal static class SeriesFitter
{
    private const int LevelSamples = 60;
    private static readonly DetectorSettings Any = new();

    /// <param name="samples">Samples with a value.</param>
    /// <returns>Null when there are too few.</returns>
    /// <exception cref="ArgumentException">Two samples have the same time, or they are out of order.</exception>
    public static SeriesState? Fit(MetricSeries history, SeriesModelSettings settings, out int samples)
    {
        samples = Check(history);
        if (samples < Math.Max(2, settings.MinimumSamples))
            return null;
        var times = history.Times.Span;
        var values = history.Values.Span;
        var state = new SeriesState(settings.Zone, settings.LeastScale)
        {
            StepMs = UsualStep(times, values),
            IsStepKnown = true,
            IsShare = settings.MayBeShare,
        };
        Run(new AnomalyDetector(state, Any) { IsRehearsal = true }, times, values);
        state.Rewind(FirstLevel(values), times[0]);
        var distances = new List<double>(samples);
        Run(new AnomalyDetector(state, Any) { Distances = distances }, times, values);
        SeedBand(state, distances);
        state.Profile.IsSettled = false;
        state.Caution = 1 + (6 / Math.Sqrt(samples));
        return state;
    }

    private static void Run(AnomalyDetector detector, ReadOnlySpan<long> times, ReadOnlySpan<double> values)
    {
        for (var i = 0; i < times.Length; i++)
        {
            if (SampleValue.IsUsable(values[i]))
                detector.Teach(times[i], values[i]);
        }
    }

    private static void SeedBand(SeriesState state, List<double> distances)
    {
        if (distances.Count == 0)
            return;
        var sorted = CollectionsMarshal.AsSpan(distances);
        sorted.Sort();
        state.Up.Seed(sorted);
        foreach (ref var distance in sorted)
            distance = -distance;
        sorted.Reverse();
        state.Down.Seed(sorted);
    }

    private static int Check(MetricSeries history)
    {
        var times = history.Times.Span;
        var values = history.Values.Span;
        var known = 0;
        for (var i = 0; i < times.Length; i++)
        {
            if (i > 0 && times[i] <= times[i - 1])
            {
                throw new ArgumentException(
                    $"Sample {i} of {history.Labels} at {times[i]} ms does not come after the one before it at {times[i - 1]} ms.",
                    nameof(history)
                );
            }
            if (SampleValue.IsUsable(values[i]))
                known++;
        }
        return known;
    }

    /// <summary>The median distance of two samples that have a value.</summary>
    private static double UsualStep(ReadOnlySpan<long> times, ReadOnlySpan<double> values)
    {
        var steps = new List<double>(times.Length);
        var last = -1;
        for (var i = 0; i < times.Length; i++)
        {
            if (!SampleValue.IsUsable(values[i]))
                continue;
            if (last >= 0)
                steps.Add(times[i] - times[last]);
            last = i;
        }
        steps.Sort();
        return steps[steps.Count / 2];
    }

    /// <summary>The median of the first values: where the second run starts from.</summary>
    private static double FirstLevel(ReadOnlySpan<double> values)
    {
        Span<double> first = stackalloc double[LevelSamples];
        var count = 0;
        for (var i = 0; i < values.Length && count < LevelSamples; i++)
        {
            if (SampleValue.IsUsable(values[i]))
                first[count++] = values[i];
        }
        first = first[..count];
        first.Sort();
        return Quantiles.Of(first, 0.5);
    }
}
