using Archon.Ui.Health;

namespace Archon.Ui.Charts;

/// <summary>One line of a chart.</summary>
/// <param name="Unit">As in <see cref="Format.Figures"/>.</param>
/// <param name="Values">A value per time of the chart; NaN where there is none, and the line breaks there.</param>
/// <param name="ColorIndex">1 to 10, a step of the series palette.</param>
public sealed record ChartLine(string Name, string Unit, double[] Values, int ColorIndex)
{
    /// <summary>A second measure beside the one that the chart is about, or one that is not measured.</summary>
    public bool Dashed { get; init; }
}

/// <summary>What was expected, per time of the chart.</summary>
public sealed record ChartBand(double[] Lower, double[] Upper);

/// <summary>A stretch of time that means something.</summary>
/// <param name="From">Unix seconds.</param>
/// <param name="To">Unix seconds; null while it lasts.</param>
public sealed record ChartSpan(double From, double? To, string Words, StateKind State = StateKind.Critical);

public sealed record ChartThreshold(double Value, string Words);

/// <summary>Everything <see cref="SeriesChart"/> draws.</summary>
/// <param name="X">Unix seconds, rising.</param>
public sealed record ChartData(double[] X, IReadOnlyList<ChartLine> Lines)
{
    /// <summary>What was expected of the first line.</summary>
    public ChartBand? Band { get; init; }

    /// <summary>Whose band it is, where that is not plain: <c>expected P95</c>.</summary>
    public string BandName { get; init; } = "expected";

    public IReadOnlyList<ChartSpan> Anomalies { get; init; } = [];
    public IReadOnlyList<ChartSpan> Gaps { get; init; } = [];
    public IReadOnlyList<ChartThreshold> Thresholds { get; init; } = [];
}
