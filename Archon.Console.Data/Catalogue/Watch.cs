using Archon.Data.Audit;

namespace Archon.Data.Catalogue;

/// <summary>A PromQL query whose series are analysed; labels map each series to a service.</summary>
public sealed class Watch
{
    public int Id { get; set; }
    public int EnvironmentId { get; set; }
    public required string Name { get; set; }

    /// <summary>Key of the template it came from, such as <c>http-rate-otel</c>; null for a watch made by hand.</summary>
    public string? Template { get; set; }

    public required string Query { get; set; }
    public WatchSignal Signal { get; set; }

    /// <summary>Unit of the value, UCUM-like: <c>s</c>, <c>By</c>, <c>1</c> for a ratio, <c>{req}/s</c>.</summary>
    public string Unit { get; set; } = "";

    /// <summary>Distance of two samples, from 5 s.</summary>
    public TimeSpan Step { get; set; } = TimeSpan.FromSeconds(15);

    public AnomalyDirection Interesting { get; set; } = AnomalyDirection.Both;

    /// <summary>How readily a departure counts: 0 never, 1 always, 0.5 by default.</summary>
    public double Sensitivity { get; set; } = 0.5;

    /// <summary>The value that must not be reached: full, empty, expired, or the objective of a latency or an error share. Null where there is none.</summary>
    public double? Limit { get; set; }

    public LimitSide LimitSide { get; set; }

    /// <summary>PromQL of the requests per second behind each value, by labels the series of <see cref="Query"/> carry too; null where a value needs none.</summary>
    public string? VolumeQuery { get; set; }

    public CatalogueOrigin Origin { get; set; }
    public bool Enabled { get; set; } = true;
    public DateTimeOffset CreatedAt { get; set; }
    public DateTimeOffset? EditedAt { get; set; }

    [Personal]
    public string? EditedBy { get; set; }

    /// <summary>Everything up to here has been scored. Null before the first scan.</summary>
    [Derived]
    public DateTimeOffset? ScannedTo { get; set; }

    /// <summary>When a scan last asked for its samples, whether or not the upstream answered. Null before the first scan.</summary>
    [Derived]
    public DateTimeOffset? LastScanAt { get; set; }

    [Derived]
    public DateTimeOffset? FittedAt { get; set; }

    [Derived]
    public DateTimeOffset? ForecastAt { get; set; }

    /// <summary>When somebody last judged an anomaly of this watch, or ended all of them: scans read both again.</summary>
    [Derived]
    public DateTimeOffset? JudgedAt { get; set; }

    /// <summary>Since when the upstream gave no answer for this watch; null while it answers.</summary>
    [Derived]
    public DateTimeOffset? UncheckedSince { get; set; }

    /// <summary>Why the last scan or fit could not check, in the server's own words.</summary>
    [Derived]
    public string? UncheckedReason { get; set; }

    public uint Version { get; set; }
}

public enum WatchSignal
{
    Rate,
    Errors,
    Duration,
    Saturation,
    Traffic,
    Availability,
    Quality,
}

public enum AnomalyDirection
{
    Both,
    Up,
    Down,
}

/// <summary>On which side of its values a limit lies.</summary>
public enum LimitSide
{
    /// <summary>Growth reaches it: a full disk.</summary>
    Ceiling,

    /// <summary>Decline reaches it: the days of a certificate.</summary>
    Floor,
}
