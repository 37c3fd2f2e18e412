using Archon.Analysis.Detection;
using Archon.Data.Anomalies;
using Archon.Data.Catalogue;

namespace Archon.Features.Scanning;

/// <summary>One stretch outside as it grows; becomes a row of <see cref="Anomaly"/>.</summary>
internal sealed class OpenSpan
{
    public required DateTimeOffset StartedAt { get; init; }
    public DateTimeOffset LastSeenAt { get; set; }
    public DateTimeOffset? EndedAt { get; set; }

    /// <summary>Why it ended, as a sentence.</summary>
    public string? EndReason { get; set; }
    public required AnomalyDirection Direction { get; init; }
    public double Score { get; set; }
    public double Confidence { get; set; }

    /// <summary>The greatest so far, and what it follows from.</summary>
    public AnomalySeverity Severity { get; set; }
    public string? SeverityReason { get; set; }

    /// <summary>Samples whose impact is not graded yet, oldest first: how many other series deviate is known when all are scored.</summary>
    public List<Deviation> Ungraded { get; } = [];
    public double Value { get; set; }
    public double Expected { get; set; }
    public double Lower { get; set; }
    public double Upper { get; set; }
    public double PeakValue { get; set; }
    public double PeakDeviation { get; set; }
    public int SamplesOutside { get; set; }
    public string Season { get; init; } = "none";
    public int FittedSamples { get; init; }

    /// <summary>What is unusual, at the most unusual sample; and what the members of the detector thought when they were surest.</summary>
    public string Explanation { get; set; } = "";
    public List<AnomalyVote> Votes { get; set; } = [];

    /// <summary>Not in the database yet as it is here.</summary>
    public bool Dirty { get; set; }

    /// <summary>Has the newest sample outside graded once all series are scored.</summary>
    /// <param name="step">What one sample stands for.</param>
    public void ToBeGraded(TimeSpan step) =>
        Ungraded.Add(new Deviation(Value, Expected, Upper, AnomalySeverities.DirectionOf(Direction), LastSeenAt - StartedAt + step));
}
