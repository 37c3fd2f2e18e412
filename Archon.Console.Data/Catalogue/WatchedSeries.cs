using Archon.Data.Audit;

namespace Archon.Data.Catalogue;

/// <summary>One series of a watch with what was learnt about it.</summary>
public sealed class WatchedSeries
{
    public long Id { get; set; }
    public int EnvironmentId { get; set; }
    public int WatchId { get; set; }
    public int? ServiceId { get; set; }

    /// <summary>The labels in canonical text, <c>a="b",c="d"</c> in name order: with the watch the natural key.</summary>
    public required string LabelsKey { get; set; }

    public Dictionary<string, string> Labels { get; set; } = [];

    /// <summary>The fitted model in its versioned binary form; null while its history is too short for one.</summary>
    [Derived]
    public byte[]? Model { get; set; }

    [Derived]
    public int ModelVersion { get; set; }

    [Derived]
    public DateTimeOffset? FittedAt { get; set; }

    [Derived]
    public int FittedSamples { get; set; }

    /// <summary>When its history is long enough for a model if samples keep coming; null where it has one, or was not looked at
    /// yet.</summary>
    [Derived]
    public DateTimeOffset? ReadyAt { get; set; }

    /// <summary>The last sample that was scored, and its band then.</summary>
    [Derived]
    public DateTimeOffset? LastSampleAt { get; set; }

    [Derived]
    public double? LastValue { get; set; }

    /// <summary>Why the last sample was not judged, such as too few requests behind it; null when it was.</summary>
    [Derived]
    public string? Guarded { get; set; }

    [Derived]
    public double? ExpectedLower { get; set; }

    [Derived]
    public double? ExpectedUpper { get; set; }

    /// <summary>The newest values at the watch's step, oldest first, for sparklines; NaN where there was none. 40 at most.</summary>
    [Derived]
    public double[] Recent { get; set; } = [];
}
