using Archon.Analysis.Detection;

namespace Archon.Cli;

/// <summary>How rare a sample has to be to be reported, hour by hour, by the hours before in all series: what a console keeps in its
/// database, for series of files.</summary>
internal sealed class HourlyThresholds
{
    private const long HourMs = 3_600_000;
    private const int MemoryHours = 7 * 24;

    private readonly Dictionary<long, double> leastRarities = [];

    /// <param name="peaks">For each series, the greatest rarity of each hour; hours as from <see cref="HourOf"/>.</param>
    public HourlyThresholds(IReadOnlyCollection<Dictionary<long, double>> peaks)
    {
        var hours = new SortedDictionary<long, int[]>();
        foreach (var (hour, rarity) in peaks.SelectMany(series => series))
        {
            if (!hours.TryGetValue(hour, out var counts))
                hours[hour] = counts = new int[EstateEvidence.Classes];
            counts[EstateEvidence.ClassOf(rarity)]++;
        }
        var sums = new double[EstateEvidence.Classes];
        var inSums = new Queue<(long Hour, int[] Counts)>();
        foreach (var (hour, counts) in hours)
        {
            while (inSums.TryPeek(out var oldest) && oldest.Hour < hour - MemoryHours)
                Add(sums, inSums.Dequeue().Counts, -1);
            leastRarities[hour] = EstateEvidence.LeastRarity(sums);
            Add(sums, counts, 1);
            inSums.Enqueue((hour, counts));
        }
    }

    public static long HourOf(long unixMs) => Math.DivRem(unixMs, HourMs, out _);

    /// <summary>0 where too little is known.</summary>
    public double At(long unixMs) => leastRarities.GetValueOrDefault(HourOf(unixMs));

    private static void Add(double[] sums, int[] counts, int sign)
    {
        for (var i = 0; i < sums.Length; i++)
            sums[i] += sign * counts[i];
    }
}
