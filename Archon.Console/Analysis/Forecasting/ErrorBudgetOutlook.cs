using Archon.Analysis.Series;

namespace Archon.Analysis.Forecasting;

/// <summary>What share of requests has to be good, over which time.</summary>
/// <param name="Target">Share of good requests, above 0 and below 1, such as 0.999.</param>
/// <param name="Window">Rolling, such as 30 days.</param>
public sealed record ErrorObjective(double Target, TimeSpan Window);

/// <summary>One pair of windows of a burn-rate alert. It burns when both are above the threshold: long enough to matter, and still going
/// on.</summary>
/// <param name="LongRate">Multiples of the rate that spends the budget in exactly its window; NaN without a request.</param>
/// <param name="ShortRate">The same over the short window.</param>
public sealed record BurnWindow(TimeSpan LongWindow, TimeSpan ShortWindow, double Threshold, double LongRate, double ShortRate)
{
    public bool IsBurning => LongRate >= Threshold && ShortRate >= Threshold;
}

/// <summary>How an error budget stands and when it will be spent.</summary>
/// <param name="SpentShare">Of the budget of the window, 0 and up; above 1 it is overspent.</param>
/// <param name="Burns">Fastest first. Pairs shorter than the step of the series are left out.</param>
/// <param name="Basis">The stretch whose errors are taken to go on: that of the fastest pair that burns, else the longest.</param>
/// <param name="Broken">When the objective is broken if they do, with an 80 % interval. Its change per day is a share of the
/// budget.</param>
public sealed record ErrorBudgetOutlook(double SpentShare, IReadOnlyList<BurnWindow> Burns, TimeSpan Basis, ExhaustionResult Broken)
{
    private const int Paths = 200;
    private const int Seed = 1;
    private const double Level = 0.8;

    // Errors come in bouts: stretches of a sixth of the basis are kept together when its past is drawn from.
    private const int BlocksPerBasis = 6;

    private static readonly (TimeSpan Long, TimeSpan Short, double Threshold)[] Pairs =
    [
        (TimeSpan.FromHours(1), TimeSpan.FromMinutes(5), 14.4),
        (TimeSpan.FromHours(6), TimeSpan.FromMinutes(30), 6),
        (TimeSpan.FromDays(3), TimeSpan.FromHours(6), 1),
    ];

    /// <remarks>
    /// Source of windows and thresholds: Google, "The Site Reliability Workbook", 2018, chapter 5; of the interval: moving block bootstrap,
    /// Künsch,
    /// Annals of Statistics 1989.
    /// </remarks>
    /// <param name="errors">Bad requests per step, 0 and up, in any unit that <paramref name="requests"/> has too. NaN is not known and
    /// counts as none.</param>
    /// <param name="requests">All requests per step, on the same grid and ending with the same row.</param>
    /// <param name="within">How far ahead to look.</param>
    /// <returns>A result that is too short when no request is known.</returns>
    /// <exception cref="ArgumentException">The grids differ, or the objective is none.</exception>
    public static ErrorBudgetOutlook Of(RegularSeries errors, RegularSeries requests, ErrorObjective objective, TimeSpan within)
    {
        if (objective.Target is not (> 0 and < 1) || objective.Window < errors.Step)
        {
            throw new ArgumentException($"{objective} is no objective.", nameof(objective));
        }
        if (errors.Step != requests.Step)
            throw new ArgumentException("Errors and requests have different steps.", nameof(requests));
        if (requests.Values.IsEmpty)
        {
            return new ErrorBudgetOutlook(0, [], TimeSpan.Zero, new ExhaustionResult.NotExpected(NoExhaustionReason.TooShort, 0));
        }
        // A series of errors is often absent where there were none, so both are read by time.
        var rows = requests.Values.Length;
        var shift = (int)Math.Round((requests.At(0) - errors.At(0)) / errors.Step);
        var (bad, all) = (new double[rows], new double[rows]);
        for (var row = 0; row < rows; row++)
        {
            all[row] = Known(requests.Values.Span[row]);
            bad[row] = row + shift >= 0 && row + shift < errors.Values.Length ? Known(errors.Values.Span[row + shift]) : 0;
        }
        var run = new BudgetRun(bad, all, errors.Step, objective);
        if (!(run.Budget > 0))
        {
            return new ErrorBudgetOutlook(0, [], TimeSpan.Zero, new ExhaustionResult.NotExpected(NoExhaustionReason.TooShort, 0));
        }
        var burns = Pairs
            .Where(pair => pair.Short >= errors.Step)
            .Select(pair => new BurnWindow(pair.Long, pair.Short, pair.Threshold, run.BurnRate(pair.Long), run.BurnRate(pair.Short)))
            .ToList();
        var basis = burns.Find(burn => burn.IsBurning)?.LongWindow ?? Pairs[^1].Long;
        var broken = run.Spent >= run.Budget ? new ExhaustionResult.Reached() : Project(run, basis, requests, within);
        return new ErrorBudgetOutlook(run.Spent / run.Budget, burns, basis, broken);
    }

    private static ExhaustionResult Project(BudgetRun run, TimeSpan basis, RegularSeries requests, TimeSpan within)
    {
        var random = new Random(Seed);
        var ahead = (int)Math.Ceiling(within / requests.Step);
        var crossings = Enumerable.Range(0, Paths).Select(_ => run.Crossing(basis, BlocksPerBasis, ahead, random)).Order().ToArray();
        var probability = crossings.Count(crossing => crossing < ahead) / (double)Paths;
        var perDay = run.BurnRate(basis) * (TimeSpan.FromDays(1) / run.Window);
        if (probability <= 0.5)
        {
            return new ExhaustionResult.NotExpected(perDay > 0 ? NoExhaustionReason.FarAhead : NoExhaustionReason.NotTrending, probability);
        }
        return new ExhaustionResult.Projected(Moment(0.5), Moment((1 - Level) / 2), Moment((1 + Level) / 2), probability, perDay);

        DateTimeOffset Moment(double share) => requests.At(requests.Values.Length + crossings[(int)(share * (Paths - 1))]);
    }

    private static double Known(double value) => SampleValue.IsUsable(value) ? Math.Max(0, value) : 0;

    private sealed class BudgetRun
    {
        private readonly double[] bad;
        private readonly double[] all;
        private readonly TimeSpan step;
        private readonly double allowed;
        private readonly int windowRows;

        public BudgetRun(double[] bad, double[] all, TimeSpan step, ErrorObjective objective)
        {
            (this.bad, this.all, this.step, allowed, Window) = (bad, all, step, 1 - objective.Target, objective.Window);
            windowRows = (int)Math.Ceiling(objective.Window / step);
            // A history shorter than the window stands for all of it.
            Budget = allowed * Last(all, windowRows).Sum() * windowRows / Math.Min(windowRows, all.Length);
            Spent = Last(bad, windowRows).Sum();
        }

        public TimeSpan Window { get; }
        public double Budget { get; }
        public double Spent { get; }

        public double BurnRate(TimeSpan over)
        {
            var rows = (int)Math.Ceiling(over / step);
            var requests = Last(all, rows).Sum();
            return requests > 0 ? Last(bad, rows).Sum() / requests / allowed : double.NaN;
        }

        /// <summary>The step in which the budget is spent on one way that things may go on; as many as are looked at when it is
        /// not.</summary>
        public int Crossing(TimeSpan basis, int blocks, int ahead, Random random)
        {
            var past = Last(bad, (int)Math.Ceiling(basis / step)).ToArray();
            var block = Math.Max(1, past.Length / blocks);
            var spent = Spent;
            for (var row = 0; row < ahead; row += block)
            {
                var from = random.Next(past.Length - block + 1);
                for (var at = 0; at < block && row + at < ahead; at++)
                {
                    // What is older than the window is forgiven.
                    var leaving = bad.Length - windowRows + row + at;
                    spent += past[from + at] - (leaving >= 0 && leaving < bad.Length ? bad[leaving] : 0);
                    if (spent >= Budget)
                        return row + at;
                }
            }
            return ahead;
        }

        private static ArraySegment<double> Last(double[] values, int count) =>
            new(values, Math.Max(0, values.Length - count), Math.Min(values.Length, count));
    }
}
