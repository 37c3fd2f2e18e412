using Archon.Analysis.Series;

namespace Archon.Analysis.Forecasting;

/// <summary>Gaps, closed so that a recursion can step across them. What is filled in is marked: nothing is learnt from it and nothing is
/// judged by it.</summary>
internal static class Gaps
{
    private const int ShortGap = 3;

    /// <summary>A gap of three steps or less by a straight line; a longer one by the value a period before or after, else by the last known
    /// value.</summary>
    /// <param name="values">NaN and infinities are gaps. At least one value is finite.</param>
    /// <param name="isKnown">Receives where a value was.</param>
    public static void Fill(Span<double> values, int period, Span<bool> isKnown)
    {
        var isWhole = true;
        for (var at = 0; at < values.Length; at++)
            isWhole &= isKnown[at] = SampleValue.IsUsable(values[at]);
        if (isWhole)
            return;
        for (var start = 0; start < values.Length; start++)
        {
            if (isKnown[start])
                continue;
            var end = start;
            while (end < values.Length && !isKnown[end])
                end++;
            var isInside = start > 0 && end < values.Length;
            for (var at = start; at < end; at++)
            {
                values[at] =
                    isInside && end - start <= ShortGap
                        ? values[start - 1] + ((values[end] - values[start - 1]) * (at - start + 1) / (end - start + 1))
                        : FromAnotherPeriod(values, isKnown, period, at, start, end);
            }
            start = end;
        }
    }

    private static double FromAnotherPeriod(ReadOnlySpan<double> values, ReadOnlySpan<bool> isKnown, int period, int at, int start, int end)
    {
        // What was filled before counts: a gap of many periods repeats the last whole one.
        if (period > 1 && at >= period)
            return values[at - period];
        for (var later = at + period; period > 1 && later < values.Length; later += period)
        {
            if (isKnown[later])
                return values[later];
        }
        return start > 0 ? values[start - 1] : values[end];
    }
}
