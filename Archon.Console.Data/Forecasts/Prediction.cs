namespace Archon.Data.Forecasts;

/// <summary>Something that was told ahead, and what came of it. Kept so that the console can say how often it was right.</summary>
public sealed class Prediction
{
    public long Id { get; set; }
    public int EnvironmentId { get; set; }
    public int WatchId { get; set; }
    public long SeriesId { get; set; }
    public int? ServiceId { get; set; }
    public PredictionKind Kind { get; set; }
    public DateTimeOffset MadeAt { get; set; }
    public double Limit { get; set; }

    /// <summary>When the limit was to be reached, as first told, with the ends of the 80 % interval.</summary>
    public DateTimeOffset ReachedAt { get; set; }
    public DateTimeOffset ReachedEarliest { get; set; }
    public DateTimeOffset ReachedLatest { get; set; }

    public PredictionOutcome Outcome { get; set; }

    /// <summary>When the limit was really reached, or when it was clear that it would not be.</summary>
    public DateTimeOffset? SettledAt { get; set; }

    /// <summary>Posted to Alertmanager as an alert of severity info.</summary>
    public bool Alerted { get; set; }
}

public enum PredictionKind
{
    Exhaustion,
    Degradation,
}

public enum PredictionOutcome
{
    /// <summary>Still to come.</summary>
    Open,

    /// <summary>The limit was reached.</summary>
    CameTrue,

    /// <summary>The interval passed without it.</summary>
    DidNot,
}
