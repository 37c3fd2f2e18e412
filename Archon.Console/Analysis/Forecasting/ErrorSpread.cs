namespace Archon.Analysis.Forecasting;

/// <summary>How wide past errors lie, by steps ahead and by time of day, and how they are distributed within that width.</summary>
internal sealed class ErrorSpread
{
    private const int BinsPerWidth = 64;
    private const int Bins = 40 * BinsPerWidth;

    private readonly double[] bySteps;
    private readonly double[] byPhase;
    private readonly int[] bins;
    private readonly int counted;

    private ErrorSpread(double[] bySteps, double[] byPhase, int[] bins, int counted) =>
        (this.bySteps, this.byPhase, this.bins, this.counted) = (bySteps, byPhase, bins, counted);

    /// <param name="errors">Absolute errors, a row per step with a lane per origin; NaN where none is known.</param>
    public static ErrorSpread Of(
        ReadOnlySpan<double> errors,
        Origins origins,
        int horizon,
        int period,
        double phasePrior,
        double phasePower
    )
    {
        var bySteps = BySteps(errors, origins.Lanes, horizon, period);
        var byPhase = ByPhase(errors, origins, bySteps, period, phasePrior, phasePower);
        var bins = new int[Bins];
        var counted = 0;
        for (var lane = 0; lane < origins.Lanes; lane++)
        {
            var phase = origins.At(lane) % byPhase.Length;
            for (var step = 0; step < horizon; step++)
            {
                var error = errors[(step * origins.Lanes) + lane];
                var width = bySteps[step] * byPhase[phase];
                if (++phase == byPhase.Length)
                    phase = 0;
                if (double.IsNaN(error) || !(width > 0))
                    continue;
                bins[(int)Math.Min(Bins - 1, error / width * BinsPerWidth)]++;
                counted++;
            }
        }
        return new ErrorSpread(bySteps, byPhase, bins, counted);
    }

    /// <param name="row">Whose time of day counts.</param>
    public double Width(int step, int row) => bySteps[step] * byPhase[row % byPhase.Length];

    /// <summary>Distances in widths at the kept levels.</summary>
    public float[] Distances(double inflation)
    {
        var levels = Forecast.KeptLevels;
        var distances = new float[levels.Length];
        if (counted == 0)
            return distances;
        var (bin, before) = (0, 0);
        for (var at = 0; at < levels.Length; at++)
        {
            var rank = levels[at] * counted;
            while (bin < Bins - 1 && before + bins[bin] < rank)
                before += bins[bin++];
            var share = bins[bin] > 0 ? Math.Clamp((rank - before) / bins[bin], 0, 1) : 0;
            distances[at] = (float)(inflation * (bin + share) / BinsPerWidth);
        }
        return distances;
    }

    private static double[] BySteps(ReadOnlySpan<double> errors, int lanes, int horizon, int period)
    {
        var sums = new double[horizon + 1];
        var counts = new int[horizon + 1];
        for (var step = 0; step < horizon; step++)
        {
            (sums[step + 1], counts[step + 1]) = (sums[step], counts[step]);
            foreach (var error in errors.Slice(step * lanes, lanes))
            {
                if (double.IsNaN(error))
                    continue;
                sums[step + 1] += error;
                counts[step + 1]++;
            }
        }
        var bySteps = new double[horizon];
        var last = 0;
        for (var step = 0; step < horizon; step++)
        {
            // The first steps differ much from each other, later ones little: the window grows until it holds a period.
            var half = Math.Min(step, Math.Max(period / 2, 3));
            var (from, to) = (step - half, Math.Min(horizon, step + half + 1));
            var count = counts[to] - counts[from];
            if (counts[step + 1] > counts[step] && count > 0)
            {
                bySteps[step] = (sums[to] - sums[from]) / count;
                // Few outcomes reach so far, and those of the oldest origins only: they may say that errors grow, not that they shrink.
                if (step > 0 && counts[step + 1] - counts[step] < counts[1])
                    bySteps[step] = Math.Max(bySteps[step], bySteps[step - 1]);
                last = step;
            }
            else
            {
                // Further ahead than any outcome: errors are taken to add up like steps of a random walk.
                bySteps[step] = bySteps[last] * Math.Sqrt((step + 1.0) / (last + 1));
            }
        }
        return bySteps;
    }

    private static double[] ByPhase(
        ReadOnlySpan<double> errors,
        Origins origins,
        ReadOnlySpan<double> bySteps,
        int period,
        double prior,
        double power
    )
    {
        if (period == 1)
            return [1];
        var sums = new double[period];
        var counts = new double[period];
        for (var lane = 0; lane < origins.Lanes; lane++)
        {
            var phase = origins.At(lane) % period;
            for (var step = 0; step < bySteps.Length; step++, phase = phase + 1 == period ? 0 : phase + 1)
            {
                var error = errors[(step * origins.Lanes) + lane];
                if (double.IsNaN(error) || !(bySteps[step] > 0))
                    continue;
                sums[phase] += error / bySteps[step];
                counts[phase]++;
            }
        }
        for (var phase = 0; phase < period; phase++)
            sums[phase] = (sums[phase] + prior) / (counts[phase] + prior);
        var byPhase = new double[period];
        for (var phase = 0; phase < period; phase++)
        {
            var smooth = (sums[(phase + period - 1) % period] + (2 * sums[phase]) + sums[(phase + 1) % period]) / 4;
            byPhase[phase] = Math.Pow(smooth, power);
        }
        return byPhase;
    }
}
