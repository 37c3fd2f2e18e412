namespace Archon.Data.Forecasts;

/// <summary>What is expected of one series from now on: the newest forecast, and when it reaches its limit. One row per series.</summary>
public sealed class SeriesForecast
{
    public long SeriesId { get; set; }
    public int EnvironmentId { get; set; }
    public int WatchId { get; set; }
    public int? ServiceId { get; set; }
    public DateTimeOffset MadeAt { get; set; }

    /// <summary>The newest value the forecast starts from, in the unit of the watch.</summary>
    public double Value { get; set; }

    /// <summary>Distance of two points; the first one lies a step after <see cref="MadeAt"/>.</summary>
    public TimeSpan Step { get; set; }

    /// <summary>Half of the paths lie below.</summary>
    public double[] Median { get; set; } = [];

    /// <summary>One path in ten lies below, one in ten above: together the 80 % interval.</summary>
    public double[] Lower { get; set; } = [];
    public double[] Upper { get; set; } = [];

    /// <summary>How far earlier forecasts of this series were off, as a share of its level; null while none has come due.</summary>
    public double? PastError { get; set; }

    /// <summary>How many earlier forecasts <see cref="PastError"/> is the mean of.</summary>
    public int PastForecasts { get; set; }

    /// <summary>Change per day of the trend, in the unit of the watch; null where there is none to speak of.</summary>
    public double? PerDay { get; set; }

    /// <summary>The limit that was asked about; null where the watch has none.</summary>
    public double? Limit { get; set; }

    /// <summary>When the limit is reached: the median, and the ends of the 80 % interval. Null when it is not in sight.</summary>
    public DateTimeOffset? ReachedAt { get; set; }
    public DateTimeOffset? ReachedEarliest { get; set; }
    public DateTimeOffset? ReachedLatest { get; set; }

    /// <summary>How likely it is reached within the time looked at, 0 to 1; null where history is too short to say.</summary>
    public double? Probability { get; set; }

    /// <summary>Why the limit is or is not in sight, as a sentence.</summary>
    public required string Outlook { get; set; }
}
