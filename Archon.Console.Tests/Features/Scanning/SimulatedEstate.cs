using Archon.Data.Catalogue;

namespace Archon.Tests.Features.Scanning;

/// <summary>Series of operations data with known faults, from a seed.</summary>
/// <remarks>
/// Load follows the day and, for some, the week; noise is correlated from sample to sample; requests come by chance (Poisson), and rates,
/// shares and quantiles are of the requests of the last minute, as those of a watch are.
/// </remarks>
internal sealed class SimulatedEstate
{
    public const int StepSeconds = 15;
    public const int StepsPerDay = 24 * 3600 / StepSeconds;
    private const int Window = 60 / StepSeconds;

    /// <summary>A Monday midnight.</summary>
    public static readonly DateTimeOffset Start = new(2026, 11, 2, 0, 0, 0, TimeSpan.Zero);

    private static readonly string[] Shapes =
    [
        "requests, daily",
        "requests, weekly",
        "requests, bursty",
        "requests, quiet",
        "latency P50",
        "latency P95",
        "errors, none usual",
        "errors, few usual",
        "errors, quiet",
        "targets that answer",
        "hit ratio near 100 %",
        "hit ratio",
        "CPU of the host",
        "CPU of a process",
        "memory of a process",
        "heap, saw-tooth",
        "memory available",
        "pool, whole numbers",
        "queue, mostly 0",
        "connections, whole numbers",
        "network, bursty",
        "disk busy, hourly",
        "disk free",
    ];

    private readonly Random random;
    private readonly int samples;
    private readonly int firstDay;

    private SimulatedEstate(int seed, int days)
    {
        random = new Random(seed);
        samples = days * StepsPerDay;
        // The fortnight may begin on any day of the week.
        firstDay = random.Next(7);
    }

    public IReadOnlyList<SimulatedSeries> Series { get; private set; } = [];

    /// <param name="days">Length of every series.</param>
    /// <param name="liveFrom">Day from which on faults count; those before are the past ones.</param>
    /// <param name="pastFaults">How many faults lie before that, over all series.</param>
    /// <param name="liveFaults">How many of each kind come after that, as far as there are series that can have it.</param>
    public static SimulatedEstate Make(int seed, int series, int days, int liveFrom, int pastFaults, int liveFaults)
    {
        var estate = new SimulatedEstate(seed, days);
        var plans = new List<Plan>();
        for (var i = 0; i < series; i++)
            plans.Add(new Plan(Shapes[i % Shapes.Length]));
        for (var i = 0; i < pastFaults; i++)
            estate.Hurt(plans, null, 0, liveFrom * StepsPerDay);
        foreach (var fault in Enum.GetValues<SimulatedFault>())
        {
            for (var i = 0; i < liveFaults; i++)
                estate.Hurt(plans, fault, liveFrom * StepsPerDay, estate.samples);
        }
        estate.Series = [.. plans.Select(plan => estate.Make(plan.Shape, [.. plan.Faults.OrderBy(one => one.Start)]))];
        return estate;
    }

    public static DateTimeOffset At(int sample) => Start.AddSeconds((double)sample * StepSeconds);

    private sealed record Plan(string Shape)
    {
        public List<FaultStretch> Faults { get; } = [];
    }

    private static SimulatedFault[] Possible(string shape) =>
        shape switch
        {
            "requests, daily" or "requests, weekly" or "requests, bursty" =>
            [
                SimulatedFault.TrafficFourfold,
                SimulatedFault.TrafficFifth,
                SimulatedFault.Outage,
            ],
            "latency P50" or "latency P95" => [SimulatedFault.LatencyDouble, SimulatedFault.LatencySixfold],
            "errors, none usual" or "errors, few usual" =>
            [
                SimulatedFault.ErrorsThreePercent,
                SimulatedFault.ErrorsThirtyPercent,
                SimulatedFault.Outage,
            ],
            "targets that answer" => [SimulatedFault.Outage],
            "hit ratio near 100 %" or "hit ratio" or "CPU of the host" or "CPU of a process" or "pool, whole numbers" =>
            [
                SimulatedFault.LevelShift,
            ],
            "memory of a process" or "memory available" => [SimulatedFault.Leak, SimulatedFault.LevelShift],
            "connections, whole numbers" => [SimulatedFault.TrafficFourfold, SimulatedFault.TrafficFifth],
            _ => [],
        };

    private void Hurt(List<Plan> plans, SimulatedFault? asked, int from, int to)
    {
        for (var tries = 0; tries < 200; tries++)
        {
            var plan = plans[random.Next(plans.Count)];
            var possible = Possible(plan.Shape);
            if (possible.Length == 0)
                continue;
            var fault = asked ?? possible[random.Next(possible.Length)];
            if (!possible.Contains(fault))
                continue;
            // Five minutes to two hours; a leak needs its time.
            var length = (int)(20 * Math.Pow(24, random.NextDouble()));
            if (fault == SimulatedFault.Leak)
                length = Math.Max(length, 240);
            // The first hours of the live part are for the scans to find their feet in, as after any start.
            var start = from + (StepsPerDay / 12) + random.Next(Math.Max(1, to - from - (StepsPerDay / 12) - length - 240));
            var apart = StepsPerDay / 4;
            if (plan.Faults.Any(other => start < other.End + apart && other.Start < start + length + apart))
                continue;
            plan.Faults.Add(new FaultStretch(fault, start, start + length));
            return;
        }
    }

    private SimulatedSeries Make(string shape, IReadOnlyList<FaultStretch> faults) =>
        shape switch
        {
            "requests, daily" => Rate(shape, faults, Spread(3, 300), weekend: 0.9, burst: 0),
            "requests, weekly" => Rate(shape, faults, Spread(3, 300), weekend: 0.4, burst: 0),
            "requests, bursty" => Rate(shape, faults, Spread(5, 300), weekend: 0.8, burst: 0.12),
            "requests, quiet" => Rate(shape, faults, Spread(0.02, 0.5), weekend: 0.8, burst: 0),
            "latency P50" => Latency(shape, faults, 0.5),
            "latency P95" => Latency(shape, faults, 0.95),
            "errors, none usual" => Errors(shape, faults, 0, Spread(5, 100)),
            "errors, few usual" => Errors(shape, faults, Spread(0.0005, 0.006), Spread(5, 100)),
            "errors, quiet" => Errors(shape, faults, Spread(0.001, 0.01), Spread(0.2, 1)),
            "targets that answer" => Up(shape, faults),
            "hit ratio near 100 %" => Hits(shape, faults, 1 - Spread(0.002, 0.01)),
            "hit ratio" => Hits(shape, faults, 0.4 + (0.4 * random.NextDouble())),
            "CPU of the host" => Cpu(shape, faults, isHost: true),
            "CPU of a process" => Cpu(shape, faults, isHost: false),
            "memory of a process" => Memory(shape, faults),
            "heap, saw-tooth" => Heap(shape, faults),
            "memory available" => Available(shape, faults),
            "pool, whole numbers" => Whole(shape, faults, "{connection}", AnomalyDirection.Up, Spread(4, 30), 0.8),
            "queue, mostly 0" => Queue(shape, faults),
            "connections, whole numbers" => Whole(shape, faults, "{connection}", AnomalyDirection.Both, Spread(60, 800), 2),
            "network, bursty" => Network(shape, faults),
            "disk busy, hourly" => Disk(shape, faults),
            _ => Free(shape, faults),
        };

    // Shapes.

    private SimulatedSeries Rate(string shape, IReadOnlyList<FaultStretch> faults, double peak, double weekend, double burst)
    {
        var load = Load(weekend);
        var bursts = Correlated(0.97, burst);
        var counts = new double[samples];
        for (var i = 0; i < samples; i++)
        {
            var rate = peak * load[i] * Math.Exp(bursts[i]) * Factor(faults, i);
            counts[i] = Poisson(rate * StepSeconds);
        }
        return new SimulatedSeries(
            shape,
            Watching(WatchSignal.Rate, "{req}/s", AnomalyDirection.Both, isRate: true),
            PerSecond(counts),
            null,
            faults
        );
    }

    private SimulatedSeries Latency(string shape, IReadOnlyList<FaultStretch> faults, double quantile)
    {
        var (load, own) = (Load(0.8), Correlated(0.9, 0.02 + (0.04 * random.NextDouble())));
        var (usual, spread, peak) = (Spread(0.005, 0.4), 0.25 + (0.3 * random.NextDouble()), Spread(2, 100));
        var (values, requests, counts) = (new double[samples], new double[samples], new double[samples]);
        // Standard error of a quantile of a logarithmic normal distribution.
        var error = spread * (quantile > 0.9 ? 2.1 : 1.25);
        for (var i = 0; i < samples; i++)
        {
            counts[i] = Poisson(peak * load[i] * StepSeconds);
            requests[i] = Last(counts, i);
            var factor = Mean(faults, i);
            var value = usual * (1 + (0.35 * load[i])) * Math.Exp(own[i] + (quantile > 0.9 ? 1.645 * spread : 0)) * factor;
            values[i] = requests[i] > 0 ? value * Math.Exp(error * Normal() / Math.Sqrt(requests[i])) : double.NaN;
        }
        var watch = Watching(WatchSignal.Duration, "s", AnomalyDirection.Up, isRate: true);
        watch.Query = FormattableString.Invariant($"histogram_quantile({quantile}, sum by (le) (rate(duration_seconds_bucket[60s])))");
        watch.VolumeQuery = "sum(increase(duration_seconds_count[60s]))";
        return new SimulatedSeries(shape, watch, values, requests, faults);
    }

    private SimulatedSeries Errors(string shape, IReadOnlyList<FaultStretch> faults, double usual, double peak)
    {
        var load = Load(0.8);
        var (failed, counts) = (new double[samples], new double[samples]);
        var (values, requests) = (new double[samples], new double[samples]);
        for (var i = 0; i < samples; i++)
        {
            counts[i] = Poisson(peak * load[i] * StepSeconds);
            var share = FaultAt(faults, i)?.Fault switch
            {
                SimulatedFault.ErrorsThreePercent => 0.03,
                SimulatedFault.ErrorsThirtyPercent => 0.3,
                SimulatedFault.Outage => 1,
                _ => 0,
            };
            failed[i] = Math.Min(counts[i], share >= 1 ? counts[i] : Poisson(counts[i] * Math.Max(share, usual)));
            requests[i] = Last(counts, i);
            values[i] = requests[i] > 0 ? Last(failed, i) / requests[i] : double.NaN;
        }
        var watch = Watching(WatchSignal.Errors, "1", AnomalyDirection.Up, isRate: true);
        watch.VolumeQuery = "sum(increase(requests_total[60s]))";
        return new SimulatedSeries(shape, watch, values, requests, faults);
    }

    private SimulatedSeries Up(string shape, IReadOnlyList<FaultStretch> faults)
    {
        var values = new double[samples];
        for (var i = 0; i < samples; i++)
            values[i] = FaultAt(faults, i) is null ? 1 : 0;
        return new SimulatedSeries(shape, Watching(WatchSignal.Availability, "1", AnomalyDirection.Down), values, null, faults);
    }

    private SimulatedSeries Hits(string shape, IReadOnlyList<FaultStretch> faults, double usual)
    {
        var (load, drift) = (Load(0.8), Correlated(0.999, 0.1 * Math.Min(usual, 1 - usual)));
        var peak = Spread(5, 100);
        var (hits, counts) = (new double[samples], new double[samples]);
        var (values, requests) = (new double[samples], new double[samples]);
        for (var i = 0; i < samples; i++)
        {
            counts[i] = Poisson(peak * load[i] * StepSeconds);
            var share = Math.Clamp(usual + drift[i], 0, 1);
            // A fault that anybody would notice takes a fifth of the hits, and makes seven misses of four.
            share = FaultAt(faults, i) is null ? share : Math.Min(0.8 * share, 1 - (1.7 * (1 - share)));
            hits[i] = Math.Max(0, counts[i] - Poisson(counts[i] * (1 - share)));
            requests[i] = Last(counts, i);
            values[i] = requests[i] > 0 ? Last(hits, i) / requests[i] : double.NaN;
        }
        var watch = Watching(WatchSignal.Quality, "1", AnomalyDirection.Down, isRate: true);
        watch.VolumeQuery = "sum(increase(requests_total[60s]))";
        return new SimulatedSeries(shape, watch, values, requests, faults);
    }

    private SimulatedSeries Cpu(string shape, IReadOnlyList<FaultStretch> faults, bool isHost)
    {
        var (load, noise) = (Load(0.85), Correlated(0.8, 0.02 + (0.06 * random.NextDouble())));
        var usual = isHost ? 0.05 + (0.2 * random.NextDouble()) : Spread(0.01, 2);
        var values = new double[samples];
        for (var i = 0; i < samples; i++)
        {
            var value = usual * (0.4 + (0.6 * load[i])) * Math.Exp(noise[i]);
            values[i] = Math.Min(isHost ? 1 : double.MaxValue, value * Mean(faults, i));
        }
        var watch = Watching(WatchSignal.Saturation, isHost ? "1" : "{cpu}", AnomalyDirection.Up, isRate: true);
        return new SimulatedSeries(shape, watch, values, null, faults);
    }

    private SimulatedSeries Memory(string shape, IReadOnlyList<FaultStretch> faults)
    {
        var (load, drift, usual) = (Load(0.85), Correlated(0.9995, 0.01), Spread(40e6, 4e9));
        var daily = 0.12 * random.NextDouble();
        var values = new double[samples];
        for (var i = 0; i < samples; i++)
            values[i] = Math.Round(usual * (1 + (daily * load[i]) + drift[i] + (0.002 * Normal())) * Factor(faults, i));
        return new SimulatedSeries(shape, Watching(WatchSignal.Saturation, "By", AnomalyDirection.Up), values, null, faults);
    }

    private SimulatedSeries Heap(string shape, IReadOnlyList<FaultStretch> faults)
    {
        var (usual, period, swing) = (Spread(40e6, 4e9), Spread(20, 400), 0.1 + (0.3 * random.NextDouble()));
        var values = new double[samples];
        double filled = 0,
            most = 1;
        for (var i = 0; i < samples; i++)
        {
            filled += (0.7 + (0.6 * random.NextDouble())) / period;
            if (filled >= most)
                (filled, most) = (0.1 * random.NextDouble(), 0.85 + (0.3 * random.NextDouble()));
            values[i] = Math.Round(usual * (1 + (swing * filled)));
        }
        return new SimulatedSeries(shape, Watching(WatchSignal.Saturation, "By", AnomalyDirection.Up), values, null, faults);
    }

    private SimulatedSeries Available(string shape, IReadOnlyList<FaultStretch> faults)
    {
        var (load, drift, used) = (Load(0.85), Correlated(0.9995, 0.006), 0.2 + (0.4 * random.NextDouble()));
        var values = new double[samples];
        for (var i = 0; i < samples; i++)
        {
            var inUse = used * (1 + (0.08 * load[i]) + drift[i] + (0.002 * Normal())) * Factor(faults, i);
            values[i] = Math.Max(0, 1 - inUse);
        }
        var watch = Watching(WatchSignal.Saturation, "1", AnomalyDirection.Down);
        (watch.Limit, watch.LimitSide) = (0, LimitSide.Floor);
        return new SimulatedSeries(shape, watch, values, null, faults);
    }

    private SimulatedSeries Whole(
        string shape,
        IReadOnlyList<FaultStretch> faults,
        string unit,
        AnomalyDirection interesting,
        double usual,
        double jitter
    )
    {
        var (load, wander) = (Load(0.8), Correlated(0.95, 0.04));
        var values = new double[samples];
        for (var i = 0; i < samples; i++)
        {
            var factor = FaultAt(faults, i)?.Fault == SimulatedFault.LevelShift ? 2.5 : Factor(faults, i);
            values[i] = Math.Max(0, Math.Round((usual * load[i] * Math.Exp(wander[i]) * factor) + (jitter * Normal())));
        }
        var signal = interesting == AnomalyDirection.Up ? WatchSignal.Saturation : WatchSignal.Traffic;
        return new SimulatedSeries(shape, Watching(signal, unit, interesting), values, null, faults);
    }

    private SimulatedSeries Queue(string shape, IReadOnlyList<FaultStretch> faults)
    {
        // From never to now and then one or two.
        var often = random.NextDouble() < 0.3 ? 0 : Math.Pow(10, -4.5 + (3 * random.NextDouble()));
        var values = new double[samples];
        for (var i = 0; i < samples; i++)
            values[i] = random.NextDouble() < often ? 1 + Poisson(0.3) : 0;
        // Where it never does, something waits for a moment now and then in the last week.
        for (var day = samples - (7 * StepsPerDay); often == 0 && day < samples; day += StepsPerDay)
        {
            if (day >= 0)
                Array.Fill(values, 1, day + random.Next(StepsPerDay - 8), 1 + random.Next(6));
        }
        return new SimulatedSeries(shape, Watching(WatchSignal.Saturation, "{task}", AnomalyDirection.Up), values, null, faults);
    }

    private SimulatedSeries Network(string shape, IReadOnlyList<FaultStretch> faults)
    {
        var (load, bursts, usual) = (Load(0.8), Correlated(0.9, 0.25), Spread(20e3, 20e6));
        var (backup, backupLength) = (random.Next(StepsPerDay), 40 + random.Next(120));
        var values = new double[samples];
        for (var i = 0; i < samples; i++)
        {
            var isBackup = (i - backup + StepsPerDay) % StepsPerDay < backupLength;
            values[i] = usual * ((load[i] * Math.Exp(bursts[i])) + (isBackup ? 4 : 0));
        }
        return new SimulatedSeries(
            shape,
            Watching(WatchSignal.Traffic, "By/s", AnomalyDirection.Both, isRate: true),
            Averaged(values),
            null,
            faults
        );
    }

    private SimulatedSeries Disk(string shape, IReadOnlyList<FaultStretch> faults)
    {
        var (noise, usual) = (Correlated(0.7, 0.4), 0.01 + (0.04 * random.NextDouble()));
        var (minute, length, size) = (random.Next(240), 4 + random.Next(16), 0.1 + (0.3 * random.NextDouble()));
        var values = new double[samples];
        for (var i = 0; i < samples; i++)
        {
            var isBusy = (i - minute + 240) % 240 < length;
            values[i] = Math.Min(1, (usual * Math.Exp(noise[i])) + (isBusy ? size * (0.8 + (0.4 * random.NextDouble())) : 0));
        }
        return new SimulatedSeries(
            shape,
            Watching(WatchSignal.Saturation, "1", AnomalyDirection.Up, isRate: true),
            Averaged(values),
            null,
            faults
        );
    }

    private SimulatedSeries Free(string shape, IReadOnlyList<FaultStretch> faults)
    {
        var (free, perDay) = (0.4 + (0.4 * random.NextDouble()), Spread(0.0005, 0.01));
        var values = new double[samples];
        for (var i = 0; i < samples; i++)
        {
            free -= perDay / StepsPerDay * 2 * random.NextDouble();
            // Logs are deleted each night.
            if (i % StepsPerDay == StepsPerDay / 8)
                free += 0.8 * perDay;
            values[i] = Math.Clamp(free, 0, 1);
        }
        var watch = Watching(WatchSignal.Saturation, "1", AnomalyDirection.Down);
        (watch.Limit, watch.LimitSide) = (0, LimitSide.Floor);
        return new SimulatedSeries(shape, watch, values, null, faults);
    }

    private static Watch Watching(WatchSignal signal, string unit, AnomalyDirection interesting, bool isRate = false) =>
        new()
        {
            Name = signal.ToString(),
            Query = isRate ? "rate(value_total[60s])" : "value",
            Signal = signal,
            Unit = unit,
            Interesting = interesting,
            Step = TimeSpan.FromSeconds(StepSeconds),
        };

    // What faults do.

    private static FaultStretch? FaultAt(IReadOnlyList<FaultStretch> faults, int sample)
    {
        foreach (var fault in faults)
        {
            if (sample >= fault.Start && sample < fault.End)
                return fault;
        }
        return null;
    }

    /// <summary>What the fault makes of what happens in this step.</summary>
    private static double Factor(IReadOnlyList<FaultStretch> faults, int sample) =>
        faults.Count == 0 || FaultAt(faults, sample) is not { } fault
            ? 1
            : fault.Fault switch
            {
                SimulatedFault.LevelShift => 1.7,
                SimulatedFault.Leak => 1 + (LeakPerStep(fault) * (sample - fault.Start + 1)),
                SimulatedFault.LatencyDouble => 2,
                SimulatedFault.LatencySixfold => 6,
                SimulatedFault.TrafficFourfold => 4,
                SimulatedFault.TrafficFifth => 0.2,
                SimulatedFault.Outage => 0,
                _ => 1,
            };

    /// <summary>From a quarter of a per cent to fifteen per cent a minute; by the place of the fault, so that no two runs differ.</summary>
    public static double LeakPerStep(FaultStretch fault) => 0.0025 * Math.Pow(60, fault.Start % 97 / 96.0) / 4;

    /// <summary>Of a value that is computed over the last minute.</summary>
    private static double Mean(IReadOnlyList<FaultStretch> faults, int sample)
    {
        if (faults.Count == 0)
            return 1;
        var sum = 0.0;
        for (var back = 0; back < Window; back++)
            sum += Factor(faults, sample - back);
        return sum / Window;
    }

    // What series are made of.

    /// <summary>About 0.35 at night to 1 in the afternoon, a little different each day.</summary>
    private double[] Load(double weekend)
    {
        var (load, hour, seed) = (new double[samples], 3 + (2 * random.NextDouble()), 10 * random.NextDouble());
        for (var i = 0; i < samples; i++)
        {
            double seconds = (double)i * StepSeconds;
            var day = Math.Pow(0.5 - (0.5 * Math.Cos(2 * Math.PI * ((seconds / 3600) - hour) / 24)), 1.3);
            var drift =
                (0.5 * Math.Sin((seconds / 877) + (seed * 2.1)))
                + (0.3 * Math.Sin((seconds / 2311) + (seed * 4.7)))
                + (0.2 * Math.Sin((seconds / 7919) + (seed * 1.3)));
            load[i] = (0.35 + (0.65 * day)) * (1 - ((1 - weekend) * WeekendShare(i))) * (1 + (0.05 * drift));
        }
        return load;
    }

    /// <summary>0 on weekdays to 1 at the weekend, which begins and ends in the course of some hours.</summary>
    private double WeekendShare(int sample)
    {
        var days = (firstDay + ((double)sample / StepsPerDay)) % 7;
        return Math.Clamp((days - 4.9) * 5, 0, 1) * Math.Clamp((7 - days) * 5, 0, 1);
    }

    /// <summary>Noise of this standard deviation, each value near the one before.</summary>
    private double[] Correlated(double by, double deviation)
    {
        var noise = new double[samples];
        if (deviation <= 0)
            return noise;
        var (fresh, last) = (deviation * Math.Sqrt(1 - (by * by)), deviation * Normal());
        for (var i = 0; i < samples; i++)
            noise[i] = last = (by * last) + (fresh * Normal());
        return noise;
    }

    private static double Last(double[] counts, int at)
    {
        var sum = 0.0;
        for (var i = Math.Max(0, at - Window + 1); i <= at; i++)
            sum += counts[i];
        return sum;
    }

    private static double[] PerSecond(double[] counts)
    {
        var rates = new double[counts.Length];
        for (var i = 0; i < counts.Length; i++)
            rates[i] = Last(counts, i) / (Window * StepSeconds);
        return rates;
    }

    private static double[] Averaged(double[] values)
    {
        var means = new double[values.Length];
        for (var i = 0; i < values.Length; i++)
            means[i] = Last(values, i) / Window;
        return means;
    }

    /// <summary>As likely in each power of ten.</summary>
    private double Spread(double least, double most) => least * Math.Pow(most / least, random.NextDouble());

    private double Normal() => Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble());

    private double Poisson(double mean)
    {
        if (mean > 30)
            return Math.Max(0, Math.Round(mean + (Math.Sqrt(mean) * Normal())));
        var (limit, count) = (Math.Exp(-mean), 0);
        for (var product = random.NextDouble(); product > limit; product *= random.NextDouble())
            count++;
        return count;
    }
}
