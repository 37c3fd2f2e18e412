using System.Buffers;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace Archon.Analysis.Forecasting;

/// <summary>One forecast of one series: what is learnt, tried at earlier times and told, in buffers that are given back at the
/// end.</summary>
internal sealed class ForecastRun : IDisposable
{
    private const int MostMembers = 7;
    private const int ProfileCycles = 4;

    // An older cycle counts for so much of the next younger one.
    private const double ProfileDecay = 0.6;

    // How many periods it takes until a profile's distance from the present level has fallen to a third.
    private const double ShiftMemory = 3;

    // Errors at one time of day are drawn towards the error of all by so many tries, and by a power below one.
    private const double PhasePrior = 6;
    private const double PhasePower = 0.8;

    private readonly int horizon;
    private readonly int period;
    private readonly int season;
    private readonly int rows;
    private readonly double[] values;
    private readonly double[] working;
    private readonly double[] plain;
    private readonly bool[] isKnown;
    private readonly bool[] isLearnt;
    private readonly bool isNonNegative = true;
    private readonly WorkingScale? scale;
    private readonly WorkingScale? plainScale;

    public ForecastRun(ReadOnlySpan<double> history, ForecastSettings settings)
    {
        (horizon, rows) = (settings.Horizon, history.Length);
        period = settings.Period > 1 && rows >= 3 * settings.Period ? settings.Period : 1;
        season = period > 1 && rows >= 21 * period ? 7 * period : period;
        values = ArrayPool<double>.Shared.Rent(rows);
        working = ArrayPool<double>.Shared.Rent(rows);
        plain = ArrayPool<double>.Shared.Rent(rows);
        isKnown = ArrayPool<bool>.Shared.Rent(rows);
        isLearnt = ArrayPool<bool>.Shared.Rent(rows);
        history.CopyTo(values);
        Gaps.Fill(values.AsSpan(0, rows), period, isKnown.AsSpan(0, rows));
        foreach (var value in values.AsSpan(0, rows))
            isNonNegative &= value >= 0;
        scale = WorkingScale.Of(values.AsSpan(0, rows), wantLogarithm: true, working.AsSpan(0, rows));
        plainScale = scale is { IsLogarithmic: true }
            ? WorkingScale.Of(values.AsSpan(0, rows), wantLogarithm: false, plain.AsSpan(0, rows))
            : null;
        isKnown.AsSpan(0, rows).CopyTo(isLearnt);
        if (scale is null)
            return;
        // What was unlike anything is not learnt from, but a forecast that missed it has missed it.
        Incidents.Repair(
            working.AsSpan(0, rows),
            plainScale is null ? [] : plain.AsSpan(0, rows),
            period,
            season,
            isLearnt.AsSpan(0, rows)
        );
    }

    private ReadOnlySpan<double> Working => working.AsSpan(0, rows);
    private ReadOnlySpan<bool> IsLearnt => isLearnt.AsSpan(0, rows);

    public Forecast Forecast(int mostOrigins, int errorOrigins, double inflation)
    {
        if (scale is null)
            return Constant();
        var members = Members();
        var origins = Origins.Choose(rows, horizon, Math.Max(season, members.Max(member => member.Model.Reach)), period, mostOrigins);
        var lanes = origins.Lanes;
        var size = horizon * lanes;
        var votes = ArrayPool<double>.Shared.Rent(MostMembers * size);
        try
        {
            Vote(members, origins, votes);
            var count = members.Count + 1;
            Vectors.MedianAcross(votes, count, size);
            var medians = votes.AsSpan(0, size);
            scale.ToValues(medians);
            if (isNonNegative)
                Vectors.Clamp(medians, 0, double.MaxValue);
            return ToForecast(medians, origins, errorOrigins, inflation);
        }
        finally
        {
            ArrayPool<double>.Shared.Return(votes);
        }
    }

    public void Dispose()
    {
        ArrayPool<double>.Shared.Return(values);
        ArrayPool<double>.Shared.Return(working);
        ArrayPool<double>.Shared.Return(plain);
        ArrayPool<bool>.Shared.Return(isKnown);
        ArrayPool<bool>.Shared.Return(isLearnt);
    }

    private Forecast Constant()
    {
        var middles = new double[horizon];
        middles.AsSpan().Fill(values[rows - 1]);
        var widths = new double[horizon];
        return new Forecast(middles, widths, new float[Forecasting.Forecast.KeptLevels.Length], isNonNegative, new RollingError(0, 0, 0));
    }

    private List<(RobustAutoregression Model, bool IsPlain)> Members()
    {
        var members = new List<(RobustAutoregression, bool)>(MostMembers) { (RobustAutoregression.Repeat(season), false) };
        var (longMemory, shortMemory, seasonMemory) = (LongMemory(), ShortMemory(), SeasonMemory());
        Add(longMemory, 0, isPlain: false);
        Add(longMemory, period, isPlain: false);
        Add(shortMemory, period, isPlain: false);
        Add(shortMemory, 0, isPlain: true);
        Add(seasonMemory, season, isPlain: false);
        return members;

        void Add(int[] lags, int difference, bool isPlain)
        {
            var isApart = isPlain && plainScale is not null;
            // A quarter of the history is left to judge by.
            var affordable = RobustAutoregression.Affordable(lags, rows * 3 / 4, difference);
            if (affordable.Length == 0)
                return;
            members.Add((RobustAutoregression.Fit(isApart ? plain.AsSpan(0, rows) : Working, IsLearnt, affordable, difference), isApart));
        }
    }

    private int[] LongMemory() =>
        Lags([
            1,
            2,
            3,
            period - 1,
            period,
            period + 1,
            (2 * period) - 1,
            2 * period,
            3 * period,
            4 * period,
            5 * period,
            season - period - 1,
            season - period,
            season - period + 1,
            season - 1,
            season,
            season + 1,
        ]);

    private int[] ShortMemory() => Lags([.. Enumerable.Range(1, 12), .. Enumerable.Range(period - 3, 8)]);

    private int[] SeasonMemory() =>
        Lags([1, 2, period - 1, period, period + 1, (2 * period) - 1, 2 * period, (2 * period) + 1, season - 1, season, season + 1]);

    private static int[] Lags(IEnumerable<int> lags) => [.. lags.Where(lag => lag > 0).Distinct().Order()];

    /// <summary>What each member says from each origin, one member after the other, each a row per step with a lane per origin.</summary>
    private void Vote(List<(RobustAutoregression Model, bool IsPlain)> members, Origins origins, double[] votes)
    {
        var lanes = origins.Lanes;
        var size = horizon * lanes;
        var reach = Math.Max(season, members.Max(member => member.Model.Reach));
        var path = ArrayPool<double>.Shared.Rent((reach + horizon) * lanes);
        try
        {
            var at = 0;
            foreach (var isPlain in (ReadOnlySpan<bool>)[false, true])
            {
                if (!members.Exists(member => member.IsPlain == isPlain))
                    continue;
                origins.Spread(isPlain ? plain.AsSpan(0, rows) : Working, reach, path);
                foreach (var (model, _) in members.Where(member => member.IsPlain == isPlain))
                {
                    var ahead = path.AsSpan(reach * lanes, size);
                    Continue(path, reach, lanes, model, (isPlain ? plainScale : scale)!);
                    var vote = votes.AsSpan(at * size, size);
                    ahead.CopyTo(vote);
                    if (isPlain)
                    {
                        plainScale!.ToValues(vote);
                        scale!.FromValues(vote);
                    }
                    at++;
                }
            }
            Profile(origins, votes.AsSpan(at * size, size));
        }
        finally
        {
            ArrayPool<double>.Shared.Return(path);
        }
    }

    private void Continue(double[] path, int reach, int lanes, RobustAutoregression model, WorkingScale limits)
    {
        var (lags, coefficients) = (model.Lags, model.Coefficients);
        var (lowest, highest) = (Vector256.Create(limits.Lowest), Vector256.Create(limits.Highest));
        ref var data = ref MemoryMarshal.GetArrayDataReference(path);
        for (var step = 0; step < horizon; step++)
        {
            var row = (reach + step) * lanes;
            for (var lane = 0; lane < lanes; lane += Vector256<double>.Count)
            {
                var sum = Vector256.Create(model.Constant);
                for (var term = 0; term < lags.Length; term++)
                {
                    sum = Vector256.FusedMultiplyAdd(
                        Vector256.Create(coefficients[term]),
                        Vector256.LoadUnsafe(ref data, (nuint)(row - (lags[term] * lanes) + lane)),
                        sum
                    );
                }
                Vector256.Min(Vector256.Max(sum, lowest), highest).StoreUnsafe(ref data, (nuint)(row + lane));
            }
        }
    }

    /// <summary>The weighted mean of the last cycles, moved to where the last period lies and drifting back.</summary>
    private void Profile(Origins origins, Span<double> vote)
    {
        var lanes = origins.Lanes;
        // What cycles before a row say of it depends on the row alone, so origins share it; rows ahead repeat after a season.
        var first = Math.Max(season, Enumerable.Range(0, lanes).Min(origins.At) - period);
        var means = new double[rows + Math.Min(horizon, season) - first];
        for (var row = 0; row < means.Length; row++)
            means[row] = Mean(first + row);
        var decay = Math.Exp(-1 / (ShiftMemory * period));
        for (var lane = 0; lane < lanes; lane++)
        {
            var origin = origins.At(lane);
            double shift = 0;
            var counted = Math.Min(period, origin - first);
            for (var row = origin - counted; row < origin; row++)
                shift += (working[row] - means[row - first]) / counted;
            for (int step = 0, row = origin - first; step < horizon; step++, row++)
            {
                if (step > 0 && step % season == 0)
                    row -= season;
                vote[(step * lanes) + lane] = means[row] + shift;
                shift *= decay;
            }
        }
    }

    private double Mean(int row)
    {
        double sum = 0,
            weights = 0,
            weight = 1;
        for (var cycle = 1; cycle <= ProfileCycles && row - (cycle * season) >= 0; cycle++, weight *= ProfileDecay)
        {
            sum += weight * working[row - (cycle * season)];
            weights += weight;
        }
        return sum / weights;
    }

    private Forecast ToForecast(ReadOnlySpan<double> medians, Origins origins, int errorOrigins, double inflation)
    {
        var lanes = origins.Lanes;
        var errors = ArrayPool<double>.Shared.Rent(horizon * lanes);
        try
        {
            // NaN: the outcome is not known, or the lane is none of a test.
            errors.AsSpan(0, horizon * lanes).Fill(double.NaN);
            for (var lane = 1; lane < lanes && origins.IsTest(lane); lane++)
            {
                var origin = origins.At(lane);
                for (var step = 0; step < horizon && origin + step < rows; step++)
                {
                    if (isKnown[origin + step])
                    {
                        errors[(step * lanes) + lane] = Math.Abs(values[origin + step] - medians[(step * lanes) + lane]);
                    }
                }
            }
            var spread = ErrorSpread.Of(errors.AsSpan(0, horizon * lanes), origins, horizon, period, PhasePrior, PhasePower);
            var middles = new double[horizon];
            var widths = new double[horizon];
            for (var step = 0; step < horizon; step++)
            {
                middles[step] = medians[step * lanes];
                widths[step] = spread.Width(step, rows + step);
            }
            return new Forecast(middles, widths, spread.Distances(inflation), isNonNegative, RollingErrorOf(errors, origins, errorOrigins));
        }
        finally
        {
            ArrayPool<double>.Shared.Return(errors);
        }
    }

    private RollingError RollingErrorOf(double[] errors, Origins origins, int most)
    {
        double off = 0,
            magnitude = 0;
        int counted = 0,
            tried = 0;
        for (var lane = 1; lane < origins.Lanes && tried < most; lane++)
        {
            if (!origins.IsTest(lane))
                continue;
            tried++;
            for (var step = 0; step < horizon; step++)
            {
                var error = errors[(step * origins.Lanes) + lane];
                if (double.IsNaN(error))
                    continue;
                off += error;
                magnitude += Math.Abs(values[origins.At(lane) + step]);
                counted++;
            }
        }
        return new RollingError(tried, counted > 0 ? off / counted : double.NaN, magnitude > 0 ? off / magnitude : double.NaN);
    }
}
