using Archon.Analysis.Series;

namespace Archon.Analysis.Detection;

/// <summary>Learns one <see cref="SeriesModel"/>. Made for each fit: it keeps its working arrays.</summary>
internal sealed class SeriesFitter(SeriesModelSettings settings)
{
    private const long SlotMs = SeriesModel.SlotMinutes * 60_000L;

    // The median absolute deviation of a normal distribution times this is its standard deviation.
    private const double MadToSigma = 1.4826;

    private const double LevelShare = 0.02;
    private const double LogRange = 20;
    private const double SeasonCorrelation = 0.3;

    // A week must explain more than its days do, or the simpler season stays.
    private const double WeekGain = 0.05;
    private const double LeastCycles = 1.9;
    private const int ThinSlot = 4;

    // Keeps a constant zero from dividing by nothing.
    private const double LeastScale = 1e-12;
    private const float LeastThreshold = 1.2f;
    private const float LeastMeanExcess = 0.35f;

    // A new level is taken for granted after a third of a day.
    private static readonly long RegimeMs = (long)TimeSpan.FromHours(8).TotalMilliseconds;
    private const double RegimeDistance = 4;
    private const double RegimeSpread = 2;

    private long[] times = [];
    private double[] values = [];

    public SeriesModel Fit(MetricSeries history)
    {
        Clean(history);
        if (values.Length < Math.Max(2, settings.MinimumSamples))
        {
            return SeriesModel.TooShort(values.Length, $"{values.Length} samples with a value, at least {settings.MinimumSamples} are needed.");
        }
        var isNonNegative = values.Min() >= 0;
        var logOffset = LogOffset(isNonNegative);
        if (logOffset is { } offset) values = [.. values.Select(value => Math.Log(value + offset))];

        var season = ChooseSeason();
        var residuals = new double[values.Length];
        var (centers, scales) = Profile(season, logOffset, residuals);
        // A band from a few minutes of history has not seen much: it is widened by what it cannot know.
        var caution = 1 + (6 / Math.Sqrt(values.Length));
        var level = NewRegime(residuals, scales, season);
        var model = new SeriesModel(
            season, [.. centers.Select(value => (float)value)], [.. scales.Select(value => (float)value)],
            TailOf(residuals, 1, caution), TailOf(residuals, -1, caution), logOffset, isNonNegative, values.Length, level, settings.Zone, new FitVerdict.Ready());
        return model;
    }

    private void Clean(MetricSeries history)
    {
        var from = history.Times.Span;
        var told = history.Values.Span;
        var kept = 0;
        times = new long[from.Length];
        values = new double[from.Length];
        for (var i = 0; i < from.Length; i++)
        {
            if (i > 0 && from[i] <= from[i - 1])
            {
                throw new ArgumentException(
                    $"Sample {i} of {history.Labels} at {from[i]} ms does not come after the one before it at {from[i - 1]} ms.", nameof(history));
            }
            if (!double.IsFinite(told[i])) continue;
            times[kept] = from[i];
            values[kept++] = told[i];
        }
        Array.Resize(ref times, kept);
        Array.Resize(ref values, kept);
    }

    /// <summary>Values of very different size are told apart by their ratio: then the model lives on logarithms.</summary>
    /// <returns>What is added before taking it, so that zero has one; null to stay with the values.</returns>
    private double? LogOffset(bool isNonNegative)
    {
        if (!isNonNegative) return null;
        var sorted = Sorted(values);
        var (low, middle, high) = (Quantile(sorted, 0.01), Quantile(sorted, 0.5), Quantile(sorted, 0.99));
        var isSkewed = high - middle > 3 * (middle - low);
        var positive = sorted.FirstOrDefault(value => value > 0);
        // Mostly zero is no wide range, it is zero: a logarithm would make its smallest stir enormous.
        if (!isSkewed || middle <= 0 || positive <= 0 || sorted[^1] / Math.Max(low, positive) <= LogRange) return null;
        return Math.Max(middle / 100, settings.LeastScale);
    }

    private ModelSeason ChooseSeason()
    {
        var slots = HalfHours();
        var known = slots.Where(double.IsFinite).ToArray();
        if (known.Length < SeriesModel.DaySlots * LeastCycles) return ModelSeason.None;
        var middle = Median(known);
        var spread = Median([.. known.Select(value => Math.Abs(value - middle))]) * MadToSigma;
        if (spread <= 0) return ModelSeason.None;
        // Clipped, so that one incident does not look like a season, or hide one.
        for (var i = 0; i < slots.Length; i++) slots[i] = Math.Clamp((slots[i] - middle) / spread, -3, 3);

        var day = Correlation(slots, SeriesModel.DaySlots);
        var week = slots.Length >= SeriesModel.WeekSlots * LeastCycles ? Correlation(slots, SeriesModel.WeekSlots) : 0;
        if (week > SeasonCorrelation && week > day + WeekGain) return ModelSeason.Week;
        return day > SeasonCorrelation ? ModelSeason.Day : ModelSeason.None;
    }

    /// <summary>Medians of half hours; NaN where there is no sample.</summary>
    private double[] HalfHours()
    {
        var first = Math.DivRem(times[0], SlotMs).Quotient;
        var slots = new double[(times[^1] / SlotMs) - first + 1];
        Array.Fill(slots, double.NaN);
        for (var from = 0; from < times.Length;)
        {
            var slot = times[from] / SlotMs;
            var to = from;
            while (to < times.Length && times[to] / SlotMs == slot) to++;
            slots[slot - first] = Median(values[from..to]);
            from = to;
        }
        return slots;
    }

    /// <summary>Autocorrelation over the pairs that are both known; 0 where it is not significant.</summary>
    private static double Correlation(double[] slots, int lag)
    {
        double sum = 0, left = 0, right = 0;
        var pairs = 0;
        for (var i = lag; i < slots.Length; i++)
        {
            if (double.IsNaN(slots[i]) || double.IsNaN(slots[i - lag])) continue;
            sum += slots[i] * slots[i - lag];
            left += slots[i] * slots[i];
            right += slots[i - lag] * slots[i - lag];
            pairs++;
        }
        if (pairs < SeriesModel.DaySlots / 2 || left <= 0 || right <= 0) return 0;
        var correlation = sum / Math.Sqrt(left * right);
        return correlation > 2 / Math.Sqrt(pairs) ? correlation : 0;
    }

    /// <summary>Centre and scale of every slot; fills <paramref name="residuals"/> with distances in that scale.</summary>
    private (double[] Centers, double[] Scales) Profile(ModelSeason season, double? logOffset, double[] residuals)
    {
        var count = SeriesModel.SlotsOf(season);
        var slotOf = new int[values.Length];
        var members = new List<int>[count];
        for (var slot = 0; slot < count; slot++) members[slot] = [];
        for (var i = 0; i < values.Length; i++)
        {
            slotOf[i] = season == ModelSeason.None ? 0 : (int)(SeriesModel.WallMinutes(times[i], settings.Zone) / SeriesModel.SlotMinutes) % count;
            members[slotOf[i]].Add(i);
        }

        var middle = Median(values);
        var centers = new double[count];
        for (var slot = 0; slot < count; slot++)
        {
            var near = Near(members, slot);
            centers[slot] = near.Count >= ThinSlot ? Median([.. near.Select(i => values[i])]) : middle;
        }
        var model = new SeriesModel(
            season, [.. centers.Select(value => (float)value)], new float[count], default, default, null, false, 0, 0, settings.Zone, new FitVerdict.Ready());
        for (var i = 0; i < values.Length; i++) residuals[i] = values[i] - model.At(times[i]).Center;

        var overall = Mad(residuals);
        var step = QuantisationStep();
        var scales = new double[count];
        for (var slot = 0; slot < count; slot++)
        {
            var near = Near(members, slot);
            // A slot with few samples borrows from the whole series, the more the fewer it has.
            var own = near.Count >= ThinSlot ? Mad([.. near.Select(i => residuals[i])]) : overall;
            var trust = near.Count / (near.Count + 20.0);
            var floor = Math.Max(step / 2, logOffset is null ? Math.Max(Math.Abs(centers[slot]) * LevelShare, settings.LeastScale) : LevelShare);
            scales[slot] = Math.Max((trust * own) + ((1 - trust) * overall), Math.Max(floor, LeastScale));
        }
        for (var i = 0; i < values.Length; i++) residuals[i] /= scales[slotOf[i]];
        return (centers, scales);
    }

    /// <summary>A slot and its neighbours, around the end of the cycle.</summary>
    private static List<int> Near(List<int>[] members, int slot)
    {
        if (members.Length == 1) return members[0];
        var count = members.Length;
        return [.. members[(slot + count - 1) % count], .. members[slot], .. members[(slot + 1) % count]];
    }

    /// <summary>The smallest step the values make, which rounding alone can cause.</summary>
    private double QuantisationStep()
    {
        var distinct = values.Distinct().Order().Take(200).ToArray();
        if (distinct.Length is < 2 or 200) return 0;
        var least = double.PositiveInfinity;
        for (var i = 1; i < distinct.Length; i++) least = Math.Min(least, distinct[i] - distinct[i - 1]);
        return least;
    }

    private static SeriesModel.Tail TailOf(double[] residuals, int side, double caution)
    {
        var sorted = Sorted([.. residuals.Select(residual => side * residual)]);
        var threshold = Math.Max(LeastThreshold, Quantile(sorted, 1 - SeriesModel.TailShare));
        var first = Array.FindIndex(sorted, value => value > threshold);
        // The mean of an exponential from its median: some of them may be the incident that is to be found, and a mean would follow those.
        var excess = first < 0 ? 0 : (Quantile(sorted[first..], 0.5) - threshold) / Math.Log(2);
        return new SeriesModel.Tail((float)(threshold * caution), (float)(Math.Max(LeastMeanExcess, excess) * caution));
    }

    /// <summary>Where the last third of a day keeps steadily to another level, that level is the new normal.</summary>
    /// <returns>Its distance from the profile in the space of the model; 0 where there is none.</returns>
    private double NewRegime(double[] residuals, double[] scales, ModelSeason season)
    {
        if (times[^1] - times[0] < RegimeMs * 4) return 0;
        var from = Array.FindIndex(times, time => time >= times[^1] - RegimeMs);
        var recent = residuals[from..];
        if (recent.Length < settings.MinimumSamples || times[^1] - times[from] < RegimeMs / 2) return 0;
        var middle = Median(recent);
        var isSteady = Mad(recent) < RegimeSpread && recent.Count(one => Math.Sign(one) == Math.Sign(middle)) > recent.Length * 0.95;
        if (Math.Abs(middle) < RegimeDistance || !isSteady) return 0;
        var scale = season == ModelSeason.None ? scales[0] : Median(scales);
        for (var i = from; i < residuals.Length; i++) residuals[i] -= middle;
        return middle * scale;
    }

    private static double Mad(double[] values)
    {
        if (values.Length == 0) return 0;
        var middle = Median(values);
        return Median([.. values.Select(value => Math.Abs(value - middle))]) * MadToSigma;
    }

    private static double Median(double[] values) => Quantile(Sorted(values), 0.5);

    private static double[] Sorted(double[] values)
    {
        var sorted = (double[])values.Clone();
        Array.Sort(sorted);
        return sorted;
    }

    /// <summary>Linear between the two nearest (Hyndman and Fan, 1996, type 7).</summary>
    private static double Quantile(double[] sorted, double share)
    {
        if (sorted.Length == 0) return double.NaN;
        var place = share * (sorted.Length - 1);
        var low = (int)place;
        return low + 1 < sorted.Length ? sorted[low] + ((place - low) * (sorted[low + 1] - sorted[low])) : sorted[low];
    }
}
