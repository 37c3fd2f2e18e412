namespace Archon.Analysis.Detection;

/// <summary>One bin of a reliability table: of the claims made with about this confidence, how many were true.</summary>
/// <param name="From">Least confidence of the bin.</param>
/// <param name="To">Above its greatest, but for the last bin, which holds 1 too.</param>
/// <param name="Claims">How many were made.</param>
/// <param name="Claimed">Their mean confidence; NaN for an empty bin.</param>
/// <param name="Observed">The share that came true; NaN for an empty bin.</param>
public readonly record struct ReliabilityBin(double From, double To, int Claims, double Claimed, double Observed);

/// <summary>Whether confidence means what it says: among claims of 80 %, eight in ten must be true.</summary>
/// <remarks>Reliability table, expected calibration error and Brier score; DeGroot and Fienberg, "The comparison and evaluation of
/// forecasters", 1983.</remarks>
public sealed class Reliability
{
    private Reliability(IReadOnlyList<ReliabilityBin> bins, int claims, double brier)
    {
        (Bins, Claims, Brier) = (bins, claims, brier);
        CalibrationError =
            claims == 0 ? 0 : bins.Where(bin => bin.Claims > 0).Sum(bin => bin.Claims * Math.Abs(bin.Claimed - bin.Observed)) / claims;
    }

    /// <summary>From 0 to 1, of one width.</summary>
    public IReadOnlyList<ReliabilityBin> Bins { get; }

    public int Claims { get; }

    /// <summary>Mean distance of what was claimed from what was observed, bins weighted by their claims; 0 is best.</summary>
    public double CalibrationError { get; }

    /// <summary>Mean squared distance of confidence from the outcome; 0 is best.</summary>
    public double Brier { get; }

    /// <param name="claims">Confidence, 0 to 1, and whether it was true.</param>
    /// <param name="bins">2 to 100.</param>
    /// <exception cref="ArgumentOutOfRangeException">A confidence outside 0 to 1, or another number of bins.</exception>
    public static Reliability Of(IEnumerable<(double Confidence, bool IsTrue)> claims, int bins = 10)
    {
        if (bins is < 2 or > 100)
            throw new ArgumentOutOfRangeException(nameof(bins), bins, "A table has 2 to 100 bins.");
        var (count, sum, hits) = (new int[bins], new double[bins], new int[bins]);
        var (total, squares) = (0, 0.0);
        foreach (var (confidence, isTrue) in claims)
        {
            if (confidence is not (>= 0 and <= 1))
            {
                throw new ArgumentOutOfRangeException(nameof(claims), confidence, "A confidence is between 0 and 1.");
            }
            var bin = Math.Min(bins - 1, (int)(confidence * bins));
            (count[bin], sum[bin]) = (count[bin] + 1, sum[bin] + confidence);
            if (isTrue)
                hits[bin]++;
            total++;
            squares += (confidence - (isTrue ? 1 : 0)) * (confidence - (isTrue ? 1 : 0));
        }
        var table = Enumerable
            .Range(0, bins)
            .Select(bin => new ReliabilityBin(
                bin / (double)bins,
                (bin + 1) / (double)bins,
                count[bin],
                count[bin] == 0 ? double.NaN : sum[bin] / count[bin],
                count[bin] == 0 ? double.NaN : hits[bin] / (double)count[bin]
            ))
            .ToList();
        return new Reliability(table, total, total == 0 ? 0 : squares / total);
    }
}
