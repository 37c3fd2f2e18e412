namespace Archon.Ui.Charts;

/// <summary>Fewer points for the same picture: of each stretch the lowest and the highest value stay, in their order, and every gap.</summary>
public static class ChartThinning
{
    private const int Slots = 3;

    /// <returns>The same data where it is small enough; otherwise three points for each stretch: its two extremes, then its last value, or a hole
    /// where the stretch has one.</returns>
    public static ChartData Thin(ChartData data, int maxPoints)
    {
        var count = data.X.Length;
        var stretches = Math.Max(1, maxPoints / Slots);
        if (count <= Math.Max(maxPoints, Slots))
            return data;
        var times = new double[stretches * Slots];
        for (var stretch = 0; stretch < stretches; stretch++)
        {
            var (from, to) = Bounds(stretch, stretches, count);
            for (var slot = 0; slot < Slots; slot++)
                times[(stretch * Slots) + slot] = data.X[from + ((to - 1 - from) * slot / (Slots - 1))];
        }
        return data with
        {
            X = times,
            Lines = [.. data.Lines.Select(line => line with { Values = Extremes(line.Values, stretches) })],
            // The band is drawn as an area: its outermost edges lose nothing that a reader could see.
            Band = data.Band is { } band
                ? new ChartBand(Edge(band.Lower, stretches, Math.Min), Edge(band.Upper, stretches, Math.Max))
                : null,
        };
    }

    private static double[] Extremes(double[] values, int stretches)
    {
        var thin = new double[stretches * Slots];
        for (var stretch = 0; stretch < stretches; stretch++)
        {
            var (from, to) = Bounds(stretch, stretches, values.Length);
            var (low, high, holes, last, beyond) = (-1, -1, 0, double.NaN, double.NaN);
            for (var at = from; at < to; at++)
            {
                if (!double.IsFinite(values[at]))
                {
                    holes++;
                    // Infinite is a value and no gap.
                    if (!double.IsNaN(values[at]))
                        beyond = values[at];
                    continue;
                }
                last = values[at];
                if (low < 0 || values[at] < values[low])
                    low = at;
                if (high < 0 || values[at] > values[high])
                    high = at;
            }
            var place = stretch * Slots;
            if (low < 0)
            {
                thin.AsSpan(place, Slots).Fill(beyond);
                continue;
            }
            thin[place] = values[Math.Min(low, high)];
            thin[place + 1] = values[Math.Max(low, high)];
            thin[place + 2] = holes > 0 ? beyond : last;
        }
        return thin;
    }

    private static double[] Edge(double[] values, int stretches, Func<double, double, double> outer)
    {
        var thin = new double[stretches * Slots];
        for (var stretch = 0; stretch < stretches; stretch++)
        {
            var (from, to) = Bounds(stretch, stretches, values.Length);
            var edge = double.NaN;
            for (var at = from; at < to; at++)
            {
                if (double.IsFinite(values[at]))
                    edge = double.IsNaN(edge) ? values[at] : outer(edge, values[at]);
            }
            thin.AsSpan(stretch * Slots, Slots).Fill(edge);
        }
        return thin;
    }

    private static (int From, int To) Bounds(int stretch, int stretches, int count) =>
        ((int)((long)stretch * count / stretches), (int)((long)(stretch + 1) * count / stretches));
}
