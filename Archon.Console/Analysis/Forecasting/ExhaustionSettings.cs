namespace Archon.Analysis.Forecasting;

/// <summary>Which way a resource runs out.</summary>
public enum LimitDirection
{
    /// <summary>The value rises to a ceiling: bytes used, connections in use, a used share.</summary>
    Ceiling,

    /// <summary>The value falls to a floor: bytes free, days until a certificate expires, quota left.</summary>
    Floor,
}

/// <summary>What counts as running out.</summary>
public sealed record ExhaustionSettings
{
    /// <summary>The value at which nothing is left, in the unit of the series: 1 for a used share, 0 for something free.</summary>
    public double Limit { get; init; } = 1;

    public LimitDirection Direction { get; init; } = LimitDirection.Ceiling;

    /// <summary>What lies further ahead is not told. 14 days by default.</summary>
    public TimeSpan Within { get; init; } = TimeSpan.FromDays(14);

    /// <summary>Probability that the resource runs out between the limits told.</summary>
    public double Level { get; init; } = 0.8;
}
