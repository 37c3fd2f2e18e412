using Archon.Analysis.Detection;

namespace Archon.Tests.Analysis.Detection;

/// <summary>One generated series: Unix milliseconds, values, and the first and last row of each incident.</summary>
internal sealed record LabelledSeries(long[] Times, double[] Values, IReadOnlyList<(int From, int To)> Incidents)
{
    /// <summary>What comes before is learnt from and not judged.</summary>
    public int Judged => Times.Length * 15 / 100;

    public double JudgedDays => (Times[^1] - Times[Judged]) / TimeSpan.FromDays(1).TotalMilliseconds;
}

/// <summary>
/// Series of web services and hosts, a part of them with incidents of 3 to 30 rows, and how many of those a score finds at a rate of
/// false alarms. Eight kinds of series, each with its own noise, season and memory; six shapes of incident.
/// </summary>
internal static class SharpIncidents
{
    private const int Kinds = 8;

    // Alarms so close are one.
    private const int MergeRows = 12;

    // Rows between two incidents.
    private const int Apart = 60;

    public static List<LabelledSeries> Make(int seed, int count, TimeSpan step, int days, double sickShare = 0.67) =>
        [.. Enumerable.Range(0, count).Select(i => One(seed + i, i % Kinds, step, days, sickShare))];

    /// <summary>What the engine tells of a series that it has never seen: the alert score of each row.</summary>
    public static double[] Alerts(LabelledSeries series, double sensitivity)
    {
        var settings = new DetectorSettings { Sensitivity = sensitivity };
        var detector = new AnomalyDetector(SeriesModel.Start(new SeriesModelSettings()), settings);
        return [.. series.Times.Select((time, row) => detector.Score(time, series.Values[row]).Alert)];
    }

    /// <summary>The jump from the last value, in usual jumps so far.</summary>
    public static double[] Jumps(LabelledSeries series) =>
        Relative(series.Values.Select((value, row) => row == 0 ? 0 : Math.Abs(value - series.Values[row - 1])));

    /// <summary>The distance from the median of the last half hour of rows, in usual distances so far.</summary>
    public static double[] OffMedian(LabelledSeries series) =>
        Relative(
            series.Values.Select(
                (value, row) =>
                    row < 5 ? 0 : Math.Abs(value - series.Values[Math.Max(0, row - 30)..row].Order().ElementAt(Math.Min(row, 30) / 2))
            )
        );

    /// <summary>Share of the incidents that are found at the lowest threshold with no more false alarms than this.</summary>
    /// <param name="falseAlarms">Per series and day.</param>
    public static double RecallAt(double falseAlarms, IReadOnlyList<LabelledSeries> series, IReadOnlyList<double[]> scores)
    {
        var thresholds = scores.SelectMany(one => one).Where(score => score > 0).Distinct().OrderDescending().ToArray();
        var (low, high) = (0, thresholds.Length);
        while (low < high)
        {
            var middle = (low + high) / 2;
            if (Judge(series, scores, thresholds[middle]).FalseAlarms > falseAlarms)
                high = middle;
            else
                low = middle + 1;
        }
        return low == 0 ? 0 : Judge(series, scores, thresholds[low - 1]).Recall;
    }

    /// <summary>False alarms per series and day, and the share of incidents with an alarm in them.</summary>
    public static (double FalseAlarms, double Recall) Judge(
        IReadOnlyList<LabelledSeries> series,
        IReadOnlyList<double[]> scores,
        double threshold
    )
    {
        var (wrong, found) = (0, 0);
        for (var i = 0; i < series.Count; i++)
        {
            var hit = new HashSet<int>();
            var (last, isTrue) = (int.MinValue, true);
            for (var row = series[i].Judged; row < scores[i].Length; row++)
            {
                if (scores[i][row] < threshold || scores[i][row] <= 0)
                    continue;
                if (last == int.MinValue || row - last > MergeRows)
                {
                    wrong += isTrue ? 0 : 1;
                    isTrue = false;
                }
                last = row;
                var incident = series[i].Incidents.Index().FirstOrDefault(one => row >= one.Item.From && row <= one.Item.To, (-1, default));
                if (incident.Index < 0)
                    continue;
                hit.Add(incident.Index);
                isTrue = true;
            }
            wrong += isTrue ? 0 : 1;
            found += hit.Count;
        }
        var incidents = series.Sum(one => one.Incidents.Count);
        return (wrong / series.Sum(one => one.JudgedDays), incidents == 0 ? 1 : found / (double)incidents);
    }

    private static double[] Relative(IEnumerable<double> sizes)
    {
        var (mean, count, scores) = (0.0, 0, new List<double>());
        foreach (var size in sizes)
        {
            scores.Add(mean > 0 ? size / (size + (20 * mean)) : 0);
            count++;
            mean += (size - mean) / Math.Min(count, 2000);
        }
        return [.. scores];
    }

    private static LabelledSeries One(int seed, int kind, TimeSpan step, int days, double sickShare)
    {
        var random = new Random(seed);
        var rows = (int)(TimeSpan.FromDays(days) / step);
        var start = SeriesText.Monday.AddHours(24 * 7 * random.NextDouble());
        var times = Enumerable.Range(0, rows).Select(row => (start + (row * step)).ToUnixTimeMilliseconds()).ToArray();
        var values = Usual(random, kind, times);
        var incidents = new List<(int From, int To)>();
        if (random.NextDouble() < sickShare)
            Hurt(random, values, incidents, 1 + (int)(-Math.Log(1 - random.NextDouble()) * days / 2));
        return new LabelledSeries(times, values, incidents);
    }

    private static double[] Usual(Random random, int kind, long[] times)
    {
        var (phase, swing, size) = (24 * random.NextDouble(), Between(random, 0.1, 0.8), Math.Exp(3 + (2 * Normal(random))));
        var (memory, noise, weekend) = (Between(random, 0.3, 0.97), Between(random, 0.02, 0.25), 0.4 * random.NextDouble());
        // One series in six has noise with a heavy tail.
        var tail = random.Next(6) == 0 ? 4 : 0;
        var slow = 0.0;
        var values = new double[times.Length];
        for (var row = 0; row < values.Length; row++)
        {
            var at = DateTimeOffset.FromUnixTimeMilliseconds(times[row]);
            var angle = 2 * Math.PI * (at.TimeOfDay.TotalHours - phase) / 24;
            var isWeekend = at.DayOfWeek is DayOfWeek.Saturday or DayOfWeek.Sunday;
            var day = Math.Max(0.05, (1 + (swing * (Math.Sin(angle) + (0.3 * Math.Sin(2 * angle))))) * (isWeekend ? 1 - weekend : 1));
            var draw = tail > 0 ? HeavyTailed(random, tail) : Normal(random);
            slow = (memory * slow) + (noise * Math.Sqrt(1 - (memory * memory)) * draw);
            values[row] = kind switch
            {
                0 => Count(random, size * day * Math.Exp(slow)),
                1 => 0.05 * Math.Pow(day, 0.2) * Math.Exp(slow),
                2 => Math.Clamp(Math.Round(20 * day * Math.Exp(slow), 2), 0, 100),
                3 => 1e6 * day * Math.Exp(slow) * (1 + (0.1 * Math.Abs(Normal(random)))),
                4 => Math.Min(1, 0.998 + (0.001 * draw)),
                5 => Math.Round(45 + (5 * day) + (0.4 * draw)),
                6 => 0.2 * day * Math.Exp(0.6 * slow) * (1 + (0.1 * Math.Abs(HeavyTailed(random, 6)))),
                _ => Math.Max(0, Math.Round((100 * day) + (8 * slow / noise) + (2 * Normal(random)))),
            };
        }
        return values;
    }

    private static void Hurt(Random random, double[] values, List<(int From, int To)> incidents, int count)
    {
        var jumps = Enumerable.Range(1, values.Length - 1).Select(row => Math.Abs(values[row] - values[row - 1])).Order().ToArray();
        var unit = Math.Max(jumps[jumps.Length * 7 / 10], 0.3 * jumps[jumps.Length * 97 / 100]);
        unit = unit > 0 ? unit : Math.Max(1e-9, 0.3 * jumps[^1]);
        var isShare = values.Max() <= 1;
        var mostly = random.NextDouble() < 0.6 && !isShare ? 1 : -1;
        for (var i = 0; i < count; i++)
        {
            var length = (int)Between(random, 3, 31);
            var from = random.Next(values.Length * 16 / 100, values.Length - length);
            if (incidents.Exists(other => from <= other.To + Apart && from + length >= other.From - Apart))
                continue;
            var (side, shape) = (random.NextDouble() < 0.85 ? mostly : -mostly, random.Next(6));
            var size = side * unit * Between(random, 8, 80);
            for (var row = 0; row < length; row++)
            {
                var part = shape switch
                {
                    0 or 1 => 1,
                    2 => Math.Exp(-3.0 * row / length),
                    3 => Math.Min(1, (row + 1) / 3.0),
                    4 => row % 2 == 0 ? 1 : 0.3,
                    _ => 0.5 + (0.7 * random.NextDouble()),
                };
                var value = Math.Max(0, values[from + row] + (size * part));
                values[from + row] = isShare ? Math.Min(1, value) : value;
            }
            incidents.Add((from, from + length - 1));
        }
    }

    private static double Between(Random random, double low, double high) => low * Math.Pow(high / low, random.NextDouble());

    private static double Normal(Random random) =>
        Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble());

    /// <summary>Student's t.</summary>
    private static double HeavyTailed(Random random, int freedom)
    {
        var squares = 0.0;
        for (var i = 0; i < freedom; i++)
            squares += Math.Pow(Normal(random), 2);
        return Normal(random) / Math.Sqrt(squares / freedom);
    }

    /// <summary>Poisson, by the normal approximation where it is near enough.</summary>
    private static double Count(Random random, double mean)
    {
        if (mean > 50)
            return Math.Max(0, Math.Round(mean + (Math.Sqrt(mean) * Normal(random))));
        var (limit, product, count) = (Math.Exp(-mean), random.NextDouble(), 0);
        while (product > limit)
        {
            product *= random.NextDouble();
            count++;
        }
        return count;
    }
}
