namespace Archon.Analysis.RootCause;

/// <summary>Without a graph: how far each signal went beyond its own quartiles, or beyond where it wanders by itself in as much
/// time.</summary>
internal sealed class Deviation(IncidentFrame frame)
{
    private const double Far = 0.9;

    // What hardly ever moved has no width to count in: going beyond all that was seen, all the time, counts for this many.
    private const double FirstMove = 50;

    private readonly double[] scratch = new double[frame.Rows];

    public List<Finding> Findings()
    {
        var findings = frame.All.ConvertAll(Judge);
        // Time is lost where it arises, and callers inherit a part: of all latencies, the one with the most lost seconds leads.
        var lost = findings.Where(IsLatency).ToDictionary(finding => finding, Lost);
        var most = lost.Values.DefaultIfEmpty(0).Max();
        return most <= 0
            ? findings
            : findings.ConvertAll(finding =>
                lost.TryGetValue(finding, out var seconds)
                    ? finding with
                    {
                        Mass = finding.Mass * Math.Sqrt(Math.Max(0, seconds) / most),
                    }
                    : finding
            );
    }

    private bool IsLatency(Finding finding) =>
        finding.Signal.Role == MetricRole.Latency && frame.Requests[finding.Signal.Service] is not null;

    private double Lost(Finding finding) =>
        finding.Shift * Robust.Mean(frame.Requests[finding.Signal.Service]!.Filled.AsSpan(frame.Window)).Mean;

    private Finding Judge(Signal signal)
    {
        var reference = signal.Values.AsSpan(0, frame.Window);
        var before = scratch.AsSpan(0, Robust.Sort(reference, scratch)).ToArray();
        var after = scratch.AsSpan(0, Robust.Sort(signal.Values.AsSpan(frame.Window), scratch)).ToArray();
        if (before.Length < 2 || after.Length == 0)
            return new Finding(signal, 0, 0, 0, 0, 0, -1) { IsCandidate = false };
        var (median, upper) = (Robust.Quantile(before, 0.5), Robust.Quantile(before, 0.75));
        // Quartiles of a normal law lie 1.349 deviations apart, its outer fortieth 1.96 from the middle: heavy tails widen what is usual.
        var width = Math.Max(upper - Robust.Quantile(before, 0.25), (Robust.Quantile(before, 0.975) - median) * 1.349 / 1.96);
        width = Math.Max(width, Wander(reference));
        var shift = Robust.Mean(after).Mean - Robust.Mean(before).Mean;
        var (far, lasting) = (Robust.Quantile(after, Far) - median, Robust.Quantile(after, 0.75) - upper);
        if (width > 1e-3 * Math.Abs(median))
            (far, lasting) = (far / width, 1.349 * lasting / width);
        else
            far = lasting = FirstMove * after.Count(value => value > before[^1]) / after.Length;
        return new Finding(signal, shift, lasting, far, shift, lasting, FirstRow(signal, median + (3 * width))) { IsCandidate = true };
    }

    /// <summary>How far the series usually gets in the length of the window, or in half of what is known: memory in use drifts without a
    /// cause.</summary>
    private double Wander(ReadOnlySpan<double> reference)
    {
        var lag = Math.Min(frame.Rows - frame.Window, reference.Length / 2);
        var count = 0;
        for (var row = lag; row < reference.Length; row++)
        {
            var step = Math.Abs(reference[row] - reference[row - lag]);
            if (!double.IsNaN(step))
                scratch[count++] = step;
        }
        if (count == 0)
            return 0;
        var steps = scratch.AsSpan(0, count);
        steps.Sort();
        return 1.4 * Robust.Quantile(steps, 0.5);
    }

    private int FirstRow(Signal signal, double limit)
    {
        var run = 0;
        for (var row = frame.Window; row < frame.Rows; row++)
        {
            run = signal.Values[row] > limit ? run + 1 : 0;
            if (run == 3 || (run > 0 && row == frame.Rows - 1))
                return row - run + 1;
        }
        return -1;
    }
}
