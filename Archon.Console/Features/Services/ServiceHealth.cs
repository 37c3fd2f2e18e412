using Archon.Data.Alerts;
using Archon.Data.Anomalies;
using Archon.Data.Catalogue;
using Archon.Live;
using Archon.Ui.Health;

namespace Archon.Features.Services;

/// <summary>The four golden signals, the columns of every list of services.</summary>
public enum GoldenSignal
{
    Rate,
    Errors,
    Duration,
    Saturation,
}

/// <summary>One golden signal of one service: the series that says most, and its newest values.</summary>
/// <param name="Unit">As in <see cref="Watch.Unit"/>.</param>
/// <param name="Others">Series of this signal that are not shown here.</param>
public sealed record SignalReading(
    GoldenSignal Column,
    WatchSignal Signal,
    int WatchId,
    string Watch,
    string Unit,
    long SeriesId,
    double? Value,
    double? Lower,
    double? Upper,
    IReadOnlyList<double> Recent,
    HealthState State,
    DateTimeOffset? SampleAt,
    int Others
);

/// <summary>The open anomaly that decides the state of a service.</summary>
public sealed record HealthAnomaly(
    long Id,
    DateTimeOffset StartedAt,
    int ServiceId,
    int WatchId,
    long SeriesId,
    AnomalyDirection Direction,
    double Value,
    double Lower,
    double Upper,
    AnomalySeverity Severity,
    double Confidence,
    AnomalyVerdict? Verdict
);

/// <summary>An alert that fires for a service and counts for its state: a warning or worse.</summary>
public sealed record HealthAlert(
    int ServiceId,
    string Name,
    AlertSeverity Severity,
    DateTimeOffset Since,
    bool IsSilenced,
    string? Summary
);

/// <summary>A service with its state and the reason for it.</summary>
/// <param name="FiringAlerts">Those that count for its state and are not silenced.</param>
public sealed record ServiceHealth(
    int Id,
    string Name,
    CatalogueOrigin Origin,
    ServiceTier Tier,
    string? Team,
    HealthState State,
    HealthReason Reason,
    DateTimeOffset? Since,
    int OpenAnomalies,
    int Series,
    IReadOnlyList<SignalReading> Signals,
    int FiringAlerts = 0
)
{
    /// <summary>What it is, as <see cref="Service.Kind"/>.</summary>
    public string? Kind { get; init; }

    public SignalReading? this[GoldenSignal column] => Signals.FirstOrDefault(signal => signal.Column == column);
}

/// <summary>Why a service is in its state; the page finds the words, in the reader's units and zone.</summary>
public abstract record HealthReason
{
    private HealthReason() { }

    public sealed record Outside(string Watch, string Unit, HealthAnomaly Anomaly) : HealthReason;

    /// <summary>An alert of it fires, and nothing that is outside a band is as bad.</summary>
    public sealed record Fires(HealthAlert Alert) : HealthReason;

    /// <summary>The upstream did not answer for any of its watches.</summary>
    public sealed record NoAnswer(string Reason) : HealthReason;

    public sealed record NoSamples : HealthReason;

    public sealed record NothingWatched : HealthReason;

    /// <summary>Samples come, and are too few for a band.</summary>
    /// <param name="ReadyAt">When the first series has history enough, if samples keep coming; null where that is not known.</param>
    public sealed record NoBandYet(DateTimeOffset? ReadyAt) : HealthReason;

    public sealed record WithinBands : HealthReason;
}

/// <summary>How many services of one origin are in one state.</summary>
/// <param name="WorstSince">When the first of their worst anomalies began; null where none is open.</param>
public sealed record ServiceCount(CatalogueOrigin Origin, HealthState State, int Number, DateTimeOffset? WorstSince);

/// <summary>Some services of an environment at one time, worst first, and how many there are of each kind.</summary>
/// <param name="Services">One page of those that match.</param>
/// <param name="Counts">Of all services, whatever the filter.</param>
/// <param name="Matching">How many match the filter.</param>
/// <param name="Skipped">How many of those come before the first one here.</param>
public sealed record ServicesPicture(
    DateTimeOffset ReadAt,
    IReadOnlyList<ServiceHealth> Services,
    IReadOnlyList<ServiceCount> Counts,
    int Matching,
    int Skipped
) : ISharedPicture
{
    public long Bytes => Services.Sum(service => 500L + service.Signals.Sum(signal => 500L + (8 * signal.Recent.Count)));

    /// <summary>Whether anything is watched but whether targets respond.</summary>
    public bool HasSignals { get; init; } = true;

    private IEnumerable<ServiceCount> Listed => Counts.Where(count => count.Origin != CatalogueOrigin.Ignored);

    /// <summary>Of those that were not dismissed.</summary>
    public int InAll => Listed.Sum(count => count.Number);

    /// <summary>The state of the worst service that was not dismissed; null where there is no service.</summary>
    public HealthState? Worst => Listed.Any() ? Listed.Min(count => count.State) : null;

    /// <summary>Most services that were not dismissed have no expected band yet: nothing can be said of the estate as a whole.</summary>
    public bool IsMostlyLearning => InAll > 0 && Count(HealthState.Learning) * 2 >= InAll;

    public int Count(HealthState state) => Listed.Where(count => count.State == state).Sum(count => count.Number);

    public int Count(CatalogueOrigin origin) => Counts.Where(count => count.Origin == origin).Sum(count => count.Number);

    public DateTimeOffset? WorstSince(HealthState state) => Listed.Where(count => count.State == state).Min(count => count.WorstSince);
}
