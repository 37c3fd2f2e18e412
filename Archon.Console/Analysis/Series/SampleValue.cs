namespace Archon.Analysis.Series;

/// <summary>Which samples can be calculated with.</summary>
internal static class SampleValue
{
    // Far beyond what anything measures; sums, squares and the short numbers of stored models stay finite below it.
    private const double Most = 1e30;

    /// <summary>False for NaN, infinities and numbers so large that calculating with them would end in one of these.</summary>
    public static bool IsUsable(double value) => Math.Abs(value) <= Most;

    /// <summary>The nearest number that can be calculated with; NaN stays NaN.</summary>
    public static double Limited(double value) => Math.Clamp(value, -Most, Most);
}
