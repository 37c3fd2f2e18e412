namespace Archon.Analysis.RootCause;

/// <summary>How one signal moved at the onset, and how much of that nothing else explains.</summary>
/// <param name="Shift">Mean of the window less the mean before, after what others explain, in the unit of the signal.</param>
/// <param name="Z">The shift in standard errors.</param>
/// <param name="Mass">How much of the trouble it is, comparable within a role: seconds or failures per row, growth of requests, widths of
/// its usual range.</param>
/// <param name="RawShift">The shift before anything is explained.</param>
/// <param name="FirstRow">The row in which it first left the usual for good, -1 when it never did.</param>
internal sealed record Finding(Signal Signal, double Shift, double Z, double Mass, double RawShift, double RawZ, int FirstRow)
{
    /// <summary>May make its service a cause, rather than only support it.</summary>
    public required bool IsCandidate { get; init; }

    /// <summary>How far most of the window lies beyond the usual range, in widths of that range; for what others leave unexplained.</summary>
    public double Far { get; init; }

    /// <summary>How far half of the window lies beyond it: what came back is not above 0.</summary>
    public double Lasting { get; init; }

    /// <summary>How far it went beyond its range and stayed there, 0 when it came back.</summary>
    public double Excess => Lasting > 0.2 * Far ? Math.Max(0, Far) : 0;

    /// <summary>Standard errors together with what moved beside it.</summary>
    public double Strength { get; init; } = Z;

    /// <summary>How sure it is that this moved by itself, 0 to 1: even odds at five standard errors, for many signals are looked
    /// at.</summary>
    public double Certainty => CertaintyAt(Strength);

    public static double CertaintyAt(double deviations) => 1 / (1 + Math.Exp(5 - deviations));
}
