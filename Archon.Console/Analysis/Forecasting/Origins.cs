namespace Archon.Analysis.Forecasting;

/// <summary>The times that a series is forecast from: its end, and earlier ones whose outcome is known. One lane each, so that all are
/// computed side by side.</summary>
internal sealed class Origins
{
    private const int LaneBlock = 4;
    private readonly int rows;
    private readonly int first;
    private readonly int stride;
    private readonly int tests;

    private Origins(int rows, int first, int stride, int tests)
    {
        (this.rows, this.first, this.stride, this.tests) = (rows, first, stride, tests);
        Lanes = (tests + 1 + LaneBlock - 1) / LaneBlock * LaneBlock;
    }

    /// <summary>A multiple of four. Lane 0 is the end of the series, those after the tests repeat it.</summary>
    public int Lanes { get; }

    /// <param name="reach">Rows that must lie before every origin. Less than <paramref name="rows"/>.</param>
    public static Origins Choose(int rows, int horizon, int reach, int period, int most)
    {
        // Origins that walk through the times of day, so that every step ahead is tried at each of them.
        var stride = Math.Max(1, (int)Math.Round(0.29 * period));
        while (stride > 1 && Gcd(stride, period) > 1)
            stride--;
        var room = rows - reach;
        if (room >= horizon + ((most / 4) * stride))
        {
            return new Origins(rows, horizon, stride, Math.Min(most, ((room - horizon) / stride) + 1));
        }
        // A short history: outcomes of the first steps only, from origins as many as there is room for.
        var first = Math.Clamp(room / 2, 1, horizon);
        stride = Math.Max(1, (room - first) / most);
        return new Origins(rows, first, stride, Math.Min(most, ((room - first) / stride) + 1));
    }

    /// <summary>The row that is forecast first.</summary>
    public int At(int lane) => IsTest(lane) ? rows - first - ((lane - 1) * stride) : rows;

    public bool IsTest(int lane) => lane >= 1 && lane <= tests;

    /// <summary>The rows before each origin, side by side: a row per time before the origin, oldest first, with a lane per
    /// origin.</summary>
    public void Spread(ReadOnlySpan<double> series, int reach, Span<double> path)
    {
        for (var lane = 0; lane < Lanes; lane++)
        {
            var before = series.Slice(At(lane) - reach, reach);
            for (int row = 0, to = lane; row < before.Length; row++, to += Lanes)
                path[to] = before[row];
        }
    }

    private static int Gcd(int a, int b) => b == 0 ? a : Gcd(b, a % b);
}
