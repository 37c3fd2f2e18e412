using MathNet.Numerics.LinearAlgebra;

namespace Archon.Analysis.RootCause;

/// <summary>Finds per signal what its parents leave unexplained: requests follow callers, latency and errors follow callees and load, what
/// is used up follows load.</summary>
internal sealed class Attribution(IncidentFrame frame)
{
    private const double ModelError = 0.02;

    // Calls one after the other per request, more than which are taken for a mistake of the mechanism.
    private const double MostCalls = 20;
    private readonly Excursion excursion = new(frame);
    private readonly double[] scratch = new double[frame.Rows];
    private readonly Dictionary<Signal, (double Shift, double Z)> raw = [];
    private readonly double[]?[] own = new double[]?[frame.Services.Length];
    private readonly double[][]?[] slowness = new double[][]?[frame.Services.Length];
    private readonly (double Low, double Middle, double High)?[] loads = new (double, double, double)?[frame.Services.Length];

    public List<Finding> Findings()
    {
        foreach (var signal in frame.All)
            raw[signal] = Shift(signal, signal.Values, 0, Noise(signal.Values));
        // Errors come last: callers fail on what their callees' latency does by itself.
        var findings = frame
            .All.Where(signal => signal.Role != MetricRole.Errors)
            .Concat(frame.All.Where(signal => signal.Role == MetricRole.Errors))
            .Select(Judge)
            .ToList();
        var support = new double[frame.Services.Length];
        foreach (var finding in findings)
        {
            if (!finding.IsCandidate)
                support[finding.Signal.Service] = Math.Max(support[finding.Signal.Service], finding.Z);
        }
        // Two metrics of one service that moved at once make each other likelier; what is used up never counts for more than what users
        // feel.
        return findings.ConvertAll(finding =>
            finding.IsCandidate && finding.Signal.Role != MetricRole.Requests && finding.Z > 0
                ? finding with
                {
                    Strength = Both(finding.Z, Math.Min(finding.Z, support[finding.Signal.Service])),
                }
                : finding
        );
    }

    private static double Both(double one, double other) => Math.Sqrt((one * one) + (other * other));

    private Finding Judge(Signal signal)
    {
        var mechanism = new Mechanism();
        switch (signal.Role)
        {
            case MetricRole.Requests:
                AddCallers(mechanism, signal);
                break;
            case MetricRole.Latency or MetricRole.Errors:
                AddCallees(mechanism, signal);
                AddCalls(mechanism, signal);
                AddLoad(mechanism, signal);
                break;
            case MetricRole.Saturation:
                if (frame.Requests[signal.Service] is { } load)
                    mechanism.Learn(load.Filled);
                break;
        }
        // Without a caller, requests follow the hours of the day, and a window says little of those: only a step on a smooth course counts.
        var isEntry = signal.Role == MetricRole.Requests && mechanism.Parents == 0 && frame.History == 0;
        if (isEntry)
            AddOtherEntries(mechanism, signal);
        isEntry &= mechanism.Parents == 0;
        var (residual, learnt) = mechanism.Explain(signal.Values, frame.Window);
        var noise = Noise(residual);
        var (shift, z) = isEntry ? Step(signal) : Shift(signal, residual, learnt, noise);
        var struck = frame.Requests[signal.Service] is { } requests ? Robust.Mean(requests.Filled.AsSpan(frame.Window)).Mean : 1;
        var mass = signal.Role switch
        {
            MetricRole.Latency => shift * struck,
            MetricRole.Errors when signal.IsShare => shift * struck,
            MetricRole.Requests => shift / Math.Max(Math.Abs(signal.Median), 1e-9),
            _ => shift,
        };
        if (signal is { IsPrimary: true, Role: MetricRole.Latency, Side: MetricSide.Server })
            own[signal.Service] = residual;
        // What has no usual value, such as a series that has only just appeared, cannot be said to be more of it.
        if (!double.IsFinite(mass))
            mass = 0;
        var first = FirstRow(signal, residual, noise);
        var (far, lasting) = excursion.Of(signal, residual);
        return new Finding(signal, shift, z, mass, raw[signal].Shift, raw[signal].Z, first)
        {
            IsCandidate = signal.IsPrimary,
            Far = far,
            Lasting = lasting,
        };
    }

    /// <summary>A service waits for its calls as long as it says itself, and fails when they fail.</summary>
    private void AddCalls(Mechanism mechanism, Signal signal)
    {
        if (signal.Side == MetricSide.Client)
            return;
        var calls = signal.Role == MetricRole.Latency ? frame.ClientLatency : frame.ClientErrors;
        if (calls[signal.Service] is { } own)
            mechanism.Allow(own.Filled, MostCalls, isPast: false);
    }

    private void AddCallers(Mechanism mechanism, Signal signal)
    {
        foreach (var caller in frame.CallersOf(signal.Service))
        {
            if (frame.Requests[caller] is { } load)
                mechanism.Allow(load.Filled, double.PositiveInfinity);
        }
    }

    /// <summary>What comes in at other doors tells the hours of the day.</summary>
    private void AddOtherEntries(Mechanism mechanism, Signal signal)
    {
        for (var other = 0; other < frame.Services.Length; other++)
        {
            if (other == signal.Service || frame.Requests[other] is not { } load || double.IsNaN(load.Median))
                continue;
            if (!frame.CallersOf(other).Any(caller => frame.Requests[caller] is not null))
                mechanism.Learn(load.Filled);
        }
    }

    private void AddCallees(Mechanism mechanism, Signal signal)
    {
        var seats = signal.Role == MetricRole.Latency ? frame.Latency : frame.Errors;
        foreach (var callee in frame.CalleesOf(signal.Service))
        {
            if (frame.IsNew(callee))
                continue;
            // Who calls what is down waits for it and fails.
            if (frame.Down[callee] is { } down)
                mechanism.Allow(down, double.PositiveInfinity, isPast: false);
            // A callee adds its own time and its own failures once per call: the coefficient is the share of its calls that are ours.
            if ((SameFamily(signal, callee) ?? seats[callee]) is { } same)
                mechanism.Allow(signal.Side == MetricSide.Client ? Beyond(same) : PerRequest(signal, same), 1);
            if (signal.Role != MetricRole.Errors || frame.Latency[callee] is not { } slow)
                continue;
            // Time-outs: how a caller fails on a slow callee depends on limits nobody told, so any rising curve beyond the usual will do.
            foreach (var curve in slowness[callee] ??= Slowness(slow, own[callee]))
                mechanism.Allow(curve, double.PositiveInfinity);
        }
    }

    /// <summary>How far a callee's time lies beyond its usual, straight and as a root, as it is and as it is by itself.</summary>
    private double[][] Slowness(Signal slow, double[]? itself)
    {
        var curves = new List<double[]>();
        foreach (var time in itself is not null ? new[] { slow.Values, itself } : [slow.Values])
        {
            var usual = Robust.Quantile(scratch.AsSpan(0, Robust.Sort(time.AsSpan(0, frame.Window), scratch)), 0.95);
            if (double.IsNaN(usual))
                continue;
            curves.Add(Array.ConvertAll(time, value => value > usual ? value - usual : 0));
            curves.Add(Array.ConvertAll(time, value => value > usual ? Math.Sqrt(value - usual) : 0));
        }
        return [.. curves];
    }

    private void AddLoad(Mechanism mechanism, Signal signal)
    {
        if (frame.Requests[signal.Service] is not { } requests)
            return;
        mechanism.Learn(requests.Filled);
        var (_, middle, top) = LoadBefore(signal.Service);
        if (double.IsNaN(middle))
            return;
        mechanism.Learn(Array.ConvertAll(requests.Filled, value => Math.Max(0, value - middle)));
        // Queues grow faster than load: well beyond what was seen before, a steeper curve is allowed.
        if (!Array.Exists(requests.Filled[frame.Window..], value => value > 1.25 * top))
            return;
        var beyond = Array.ConvertAll(requests.Filled, value => Math.Max(0, value - top));
        mechanism.Allow(beyond, double.PositiveInfinity);
        mechanism.Allow(Array.ConvertAll(beyond, value => value * value), double.PositiveInfinity);
    }

    /// <summary>A quantile is compared with the same quantile of others.</summary>
    private Signal? SameFamily(Signal signal, int service) =>
        signal.IsPrimary || signal.Side == MetricSide.Client
            ? null
            : frame.SignalsOf(service).FirstOrDefault(other => other.Metric == signal.Metric && other.Statistic == signal.Statistic);

    private static double[] Beyond(Signal callee)
    {
        var usual = double.IsNaN(callee.Median) ? 0 : callee.Median;
        return Array.ConvertAll(callee.Filled, value => value - usual);
    }

    /// <summary>What a callee does beyond its usual, per request of its caller.</summary>
    private double[] PerRequest(Signal caller, Signal callee)
    {
        var values = Beyond(callee);
        if (frame.Requests[caller.Service] is not { } ours || frame.Requests[callee.Service] is not { } theirs)
            return values;
        for (var row = 0; row < values.Length; row++)
            values[row] *= ours.Filled[row] > 0 ? theirs.Filled[row] / ours.Filled[row] : 0;
        return values;
    }

    private NoiseFigures Noise(double[] values) => Robust.Noise(values.AsSpan(0, frame.Window), scratch);

    private (double Shift, double Z) Shift(Signal signal, double[] values, double learnt, NoiseFigures noise)
    {
        var (after, wins) = Robust.Mean(values.AsSpan(frame.Window));
        if (wins == 0)
            return (0, 0);
        // Failures of something never called before are new in any case; of its latency nothing is known to compare with.
        if (noise.Count < 2)
            return signal.Role == MetricRole.Errors && signal.IsShare ? (after, after > 0 ? 10 : 0) : (0, 0);
        var shift = after - noise.Mean;
        if (frame.History > 0)
            shift -= Before(values, noise.Mean, shift);
        var deviation = noise.Deviation + Floor(signal);
        var error = deviation * Math.Sqrt((noise.Inflation / noise.Count) + Math.Min(1, noise.Inflation / wins));
        // A model of the neighbours is off by this much of the usual however many rows there are.
        error = Both(error, ModelError * (double.IsNaN(signal.Median) ? 0 : signal.Median));
        // What the load is said to do is itself off by a part of it, the more so the further the load lies beyond what was seen.
        if (learnt != 0)
            error = Both(error, learnt * (0.05 + (0.5 * Beyond(signal.Service))));
        return (shift, error > 0 ? shift / error : 0);
    }

    /// <summary>The share of the window's load that lies outside the range of the load before, 0 to 1.</summary>
    private double Beyond(int service)
    {
        var (low, middle, high) = LoadBefore(service);
        if (double.IsNaN(middle))
            return 1;
        var (outside, all) = (0.0, 0.0);
        foreach (var value in frame.Requests[service]!.Filled.AsSpan(frame.Window))
        {
            outside += Math.Max(0, value - high) + Math.Max(0, low - value);
            all += Math.Abs(value - middle);
        }
        return all > 0 ? outside / all : 0;
    }

    /// <summary>The range and the middle of the reference rows' requests; NaN when there are none.</summary>
    private (double Low, double Middle, double High) LoadBefore(int service)
    {
        if (loads[service] is { } known)
            return known;
        var sorted = scratch.AsSpan(0, Robust.Sort(frame.Requests[service]!.Values.AsSpan(0, frame.Window), scratch));
        var load = (Robust.Quantile(sorted, 0.01), Robust.Quantile(sorted, 0.5), Robust.Quantile(sorted, 0.99));
        loads[service] = load;
        return load;
    }

    /// <summary>What was already off in the rows just before the onset, when the past is another one: that is no part of this
    /// incident.</summary>
    private double Before(double[] values, double usual, double shift)
    {
        var least = double.PositiveInfinity;
        foreach (var value in values.AsSpan(frame.History, frame.Window - frame.History))
        {
            if (!double.IsNaN(value))
                least = Math.Min(least, value - usual);
        }
        return double.IsFinite(least) ? Math.Clamp(least, 0, Math.Max(0, shift)) : 0;
    }

    /// <summary>The least that is worth a word: a hundredth of the usual; for failures also a fraction of one request.</summary>
    private static double Floor(Signal signal)
    {
        var floor = 0.01 * Math.Abs(double.IsNaN(signal.Median) ? 0 : signal.Median);
        if (signal.Role == MetricRole.Errors && signal.IsShare)
            floor = Math.Max(floor, 1e-3);
        if (floor > 0)
            return floor;
        var largest = 0.0;
        foreach (var value in signal.Filled)
            largest = Math.Max(largest, Math.Abs(value));
        return largest > 0 ? 0.05 * largest : 1;
    }

    /// <summary>A step at the onset on top of a cubic course, by least squares.</summary>
    private (double Shift, double Z) Step(Signal signal)
    {
        const int terms = 5;
        var gram = Matrix<double>.Build.Dense(terms, terms);
        var right = Vector<double>.Build.Dense(terms);
        var x = new double[terms];
        var count = 0;
        for (var row = 0; row < frame.Rows; row++)
        {
            if (double.IsNaN(signal.Values[row]))
                continue;
            Course(row);
            count++;
            for (var i = 0; i < terms; i++)
            {
                right[i] += x[i] * signal.Values[row];
                for (var j = 0; j < terms; j++)
                    gram[i, j] += x[i] * x[j];
            }
        }
        if (count < 4 * terms || frame.Rows - frame.Window < terms || frame.Window < terms)
            return (0, 0);
        for (var i = 0; i < terms; i++)
            gram[i, i] *= 1 + 1e-9;
        var inverse = gram.Inverse();
        var weights = inverse * right;
        var residual = new double[frame.Rows];
        for (var row = 0; row < frame.Rows; row++)
        {
            Course(row);
            residual[row] = signal.Values[row];
            for (var i = 0; i < terms; i++)
                residual[row] -= weights[i] * x[i];
        }
        var noise = Robust.Noise(residual, scratch);
        var error = (noise.Deviation + Floor(signal)) * Math.Sqrt(noise.Inflation * inverse[terms - 1, terms - 1]);
        return (weights[terms - 1], error > 0 ? weights[terms - 1] / error : 0);

        void Course(int row)
        {
            var at = (2.0 * row / frame.Rows) - 1;
            (x[0], x[1], x[2], x[3], x[4]) = (1, at, at * at, at * at * at, row >= frame.Window ? 1 : 0);
        }
    }

    /// <summary>The first row of the window from which two of three rows lie beyond three deviations.</summary>
    private int FirstRow(Signal signal, double[] residual, NoiseFigures noise)
    {
        if (noise.Count < 2)
            return -1;
        var limit = noise.Mean + (3 * (noise.Deviation + Floor(signal)));
        var beyond = 0;
        for (var row = frame.Window; row < frame.Rows; row++)
        {
            beyond = ((beyond << 1) | (residual[row] > limit ? 1 : 0)) & 7;
            if (beyond is 3 or 5 or 6 or 7)
                return row - (beyond == 3 ? 1 : 2);
            if (frame.Rows - frame.Window < 3 && beyond > 0)
                return row;
        }
        return -1;
    }
}
