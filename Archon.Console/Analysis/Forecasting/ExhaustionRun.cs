namespace Archon.Analysis.Forecasting;

/// <summary>One projection of one resource, in spans of its history and in units of its own spread.</summary>
/// <remarks>
/// Every shape that the growth may have is fitted; each counts by how well it explains the history (weights from Schwarz's criterion:
/// Hoeting
/// et al., "Bayesian Model Averaging", Statistical Science 1999), with its coefficients drawn from their joint distribution. What the draws
/// say together is the distribution of the time of running out.
/// </remarks>
internal sealed class ExhaustionRun
{
    private const int Draws = 400;
    private const int StepsAhead = 672;
    private const int BreakPoints = 90;

    // The same history gives the same answer.
    private const int Seed = 1;

    // Nothing grows exactly as one of the shapes. Calibrated so that limits at 80 % hold 80 % of what came.
    private const double Caution = 1.7;

    // A daily wave is looked for in a day and a half or more.
    private const double LongestDay = 1 / 1.5;
    private const int MostCycles = 100;
    private const int MostMissed = 12;

    private readonly double[] times;
    private readonly double[] values;
    private readonly double limit;
    private readonly double within;
    private readonly double day;

    /// <param name="times">In spans from the end, -1 to 0.</param>
    /// <param name="values">Rising towards the limit.</param>
    /// <param name="within">Spans ahead that are of interest.</param>
    /// <param name="day">A day in spans.</param>
    public ExhaustionRun(double[] times, double[] values, double limit, double within, double day) =>
        (this.times, this.values, this.limit, this.within, this.day) = (times, values, limit, within, day);

    /// <summary>Robust deviation of the history from <see cref="Best"/>.</summary>
    public double Noise => 1.4826 * Resets.Median(times.Zip(values, (time, value) => Math.Abs(value - Best.At(time))));

    /// <summary>The model that explains the history best.</summary>
    public GrowthModel Best { get; private set; } = null!;

    /// <summary>Crossing times in spans, ascending; positive infinity for a draw that does not reach the limit in time.</summary>
    public double[] Crossings()
    {
        var basis = ChooseBasis(Resets.Find(times, values));
        var models = Models(basis);
        var correlation = Correlation(models.MinBy(model => model.Squares)!);
        var widening = Caution * (1 + correlation) / (1 - correlation);
        var weights = Weights(models, times.Length / widening);
        Best = models[Array.IndexOf(weights, weights.Max())];
        var random = new Random(Seed);
        var crossings = new List<double>(Draws);
        var owed = 0.5;
        for (var at = 0; at < models.Count; at++)
        {
            owed += weights[at] * Draws;
            for (; owed >= 1; owed--)
                crossings.Add(Crossing(models[at], widening, random));
        }
        crossings.Sort();
        return [.. crossings];
    }

    /// <summary>Resets and the daily wave are taken up when they explain more than the terms that they cost (Schwarz).</summary>
    private GrowthBasis ChooseBasis(double[] seen)
    {
        var candidates = new List<(GrowthBasis Basis, int Cost)> { (GrowthBasis.Plain, 0) };
        if (seen.Length > 0)
        {
            candidates.Add((GrowthBasis.AtTimes(seen, CyclesOf(seen)), seen.Length));
            if (Periodic(seen) is { } periodic)
                candidates.Add((periodic, 2));
        }
        var (best, cost) = candidates.MinBy(one => Penalised(one.Basis, one.Cost));
        if (day > LongestDay)
            return best;
        return new[] { best, best.WithWave(day, 1), best.WithWave(day, 2) }.MinBy(one => Penalised(one, cost))!;
    }

    private double Penalised(GrowthBasis basis, int cost) =>
        Models(basis).Min(model => (times.Length * Math.Log(model.Squares)) + ((model.Terms + cost) * Math.Log(times.Length)));

    private double[] CyclesOf(double[] seen)
    {
        var lengths = seen.Zip(seen.Skip(1), (one, next) => next - one).ToList();
        // The stretch before the first is a cycle at least as long; with few resets it tells more than nothing.
        if (lengths.Count < 2)
            lengths.Add(seen[0] - times[0]);
        return [.. lengths];
    }

    /// <summary>Resets by the clock: the cycle and phase that explain the history best, from distances between those seen, which may have
    /// missed some.</summary>
    private GrowthBasis? Periodic(double[] seen)
    {
        var cycles = new List<double> { Resets.Median(CyclesOf(seen)) };
        for (var one = 0; one < seen.Length; one++)
        {
            for (var other = one + 1; other < seen.Length; other++)
            {
                for (var between = 1; between <= MostMissed; between++)
                    cycles.Add((seen[other] - seen[one]) / between);
            }
        }
        var least = 4.0 / times.Length;
        var (best, bestSquares, bestCycle, bestPhase) = ((GrowthBasis?)null, double.MaxValue, 0.0, 0.0);
        var different = cycles.Where(cycle => cycle > least).OrderDescending().DistinctBy(cycle => (int)(cycle * 1000)).Take(MostCycles);
        foreach (var cycle in different)
        {
            foreach (var phase in (ReadOnlySpan<double>)[seen[0], seen[seen.Length / 2], seen[^1]])
                Try(cycle, phase);
        }
        for (var width = 0.5 / times.Length; best is not null && width > 0.02 / times.Length; width /= 2)
        {
            var (cycle, phase) = (bestCycle, bestPhase);
            for (var turn = -2; turn <= 2; turn++)
            {
                for (var shift = -2; shift <= 2; shift++)
                    Try(cycle + (turn * width * cycle), phase + (shift * width));
            }
        }
        return best;

        void Try(double cycle, double phase)
        {
            var basis = GrowthBasis.Periodic(cycle, phase);
            if (GrowthModel.Fit(GrowthShape.Steady, 0, basis, times, values) is not { } model || model.Squares >= bestSquares)
                return;
            // Something that climbs only to fall as much when nothing is cleared has no sense: the climb comes first.
            if (model.Coefficients[2] <= 0)
                return;
            (best, bestSquares, bestCycle, bestPhase) = (basis, model.Squares, cycle, phase);
        }
    }

    private List<GrowthModel> Models(GrowthBasis basis)
    {
        var models = new List<GrowthModel>();
        Add(GrowthShape.Flat, 0);
        Add(GrowthShape.Steady, 0);
        Add(GrowthShape.Accelerating, 0);
        for (var at = 1; at < BreakPoints; at++)
            Add(GrowthShape.Bent, -1 + ((double)at / BreakPoints));
        for (var at = 1; at < BreakPoints - 1; at++)
            Add(GrowthShape.Shifted, -1 + ((double)at / BreakPoints));
        for (var constant = 0.15; constant < 4; constant *= 1.4)
            Add(GrowthShape.Saturating, constant);
        return models;

        void Add(GrowthShape shape, double parameter)
        {
            var model = GrowthModel.Fit(shape, parameter, basis, times, values);
            if (model is null)
                return;
            var leading = model.Leading(model.Coefficients);
            if (shape is GrowthShape.Accelerating or GrowthShape.Saturating or GrowthShape.Shifted && leading <= 0)
                return;
            models.Add(model);
        }
    }

    private double Correlation(GrowthModel model)
    {
        double products = 0,
            squares = 0,
            before = 0;
        for (var at = 0; at < times.Length; at++)
        {
            var residual = values[at] - model.At(times[at]);
            products += residual * before;
            squares += residual * residual;
            before = residual;
        }
        return squares > 0 ? Math.Clamp(products / squares, 0, 0.9) : 0;
    }

    private static double[] Weights(List<GrowthModel> models, double samples)
    {
        var shapes = models.CountBy(model => model.Shape).ToDictionary();
        var scores = models
            .Select(model =>
                // A shape counts once, however many values of its parameter are tried.
                (-0.5 * samples * Math.Log(model.Squares))
                - (0.5 * model.Terms * Math.Log(samples))
                - Math.Log(shapes[model.Shape])
            )
            .ToArray();
        var highest = scores.Max();
        var weights = scores.Select(score => Math.Exp(score - highest)).ToArray();
        var sum = weights.Sum();
        return [.. weights.Select(weight => weight / sum)];
    }

    private double Crossing(GrowthModel model, double widening, Random random)
    {
        var count = model.CoefficientCount;
        Span<double> normals = stackalloc double[count];
        Span<double> drawn = stackalloc double[count];
        var deviation = Math.Sqrt(model.Squares / Math.Max(1, times.Length - count) * widening);
        for (var term = 0; term < count; term++)
        {
            normals[term] = Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble());
        }
        model.Draw(normals, deviation, drawn);
        var cycle = model.Basis.DrawCycle(random);
        var before = model.At(0, drawn, cycle);
        if (before >= limit)
            return 0;
        for (var step = 1; step <= StepsAhead; step++)
        {
            var time = within * step / StepsAhead;
            var value = model.At(time, drawn, cycle);
            if (value >= limit)
                return within * (step - 1 + ((limit - before) / (value - before))) / StepsAhead;
            before = value;
        }
        return double.PositiveInfinity;
    }
}
