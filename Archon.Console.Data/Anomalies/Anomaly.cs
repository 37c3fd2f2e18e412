using Archon.Data.Audit;
using Archon.Data.Catalogue;

namespace Archon.Data.Anomalies;

/// <summary>One series outside what its model expects, from start to end. Partitioned by <see cref="StartedAt"/>.</summary>
public sealed class Anomaly
{
    public long Id { get; set; }
    public DateTimeOffset StartedAt { get; set; }
    public int EnvironmentId { get; set; }
    public int WatchId { get; set; }
    public long SeriesId { get; set; }
    public int? ServiceId { get; set; }

    /// <summary>Null while it lasts.</summary>
    public DateTimeOffset? EndedAt { get; set; }

    /// <summary>Why it ended, as a sentence; null while it lasts, and for those that ended before this was kept.</summary>
    public string? EndReason { get; set; }

    /// <summary>The last sample that was outside.</summary>
    public DateTimeOffset LastSeenAt { get; set; }

    public AnomalyDirection Direction { get; set; }

    /// <summary>How far outside, 0 to 1, the greatest so far.</summary>
    public double Score { get; set; }

    /// <summary>What it means for those who use the service, the greatest so far.</summary>
    public AnomalySeverity Severity { get; set; }

    /// <summary>What the severity follows from, in sentences; null for those that began before this was kept.</summary>
    public string? SeverityReason { get; set; }

    /// <summary>How likely it is a real departure, 0 to 1.</summary>
    public double Confidence { get; set; }

    /// <summary>The last value outside, and what was expected then.</summary>
    public double Value { get; set; }
    public double Expected { get; set; }
    public double ExpectedLower { get; set; }
    public double ExpectedUpper { get; set; }

    /// <summary>The value farthest outside.</summary>
    public double PeakValue { get; set; }

    /// <summary>Robust standard deviations of the peak from the expected value.</summary>
    public double PeakDeviation { get; set; }

    /// <summary>The season the band came from: <c>none</c>, <c>day</c>, <c>week</c>.</summary>
    public string Season { get; set; } = "none";

    /// <summary>What is unusual, as a sentence.</summary>
    public string Explanation { get; set; } = "";

    /// <summary>What each member of the detector thought at the peak: its name and 0 (ordinary) to 1.</summary>
    public List<AnomalyVote> Votes { get; set; } = [];

    public int FittedSamples { get; set; }
    public int SamplesOutside { get; set; }
    public AnomalyVerdict? Verdict { get; set; }

    [Personal]
    public string? VerdictBy { get; set; }
    public DateTimeOffset? VerdictAt { get; set; }
}

/// <summary>What one member of the detector thought.</summary>
/// <param name="Score">0 (ordinary) to 1 (as unusual as can be).</param>
public sealed record AnomalyVote(string Member, double Score);

/// <summary>By impact, least first.</summary>
public enum AnomalySeverity
{
    Info,
    Warning,
    Critical,
}

public enum AnomalyVerdict
{
    Useful,
    Noise,
    Expected,
}

/// <summary>A stretch of a watch that nobody could check. Partitioned by <see cref="From"/>.</summary>
public sealed class UncheckedSpan
{
    public long Id { get; set; }
    public DateTimeOffset From { get; set; }
    public int EnvironmentId { get; set; }
    public int WatchId { get; set; }
    public DateTimeOffset To { get; set; }
    public required string Reason { get; set; }

    /// <summary>When the stretch was scored after all, from what the upstream had kept; null while it is not.</summary>
    public DateTimeOffset? CaughtUpAt { get; set; }
}
