using Archon.Data.Anomalies;
using Archon.Data.Catalogue;

namespace Archon.Features.Services;

/// <summary>The four golden signals, the columns of every list of services.</summary>
public enum GoldenSignal { Rate, Errors, Duration, Saturation }

/// <summary>One golden signal of one service: the series that says most, and its newest values.</summary>
/// <param name="Unit">As in <see cref="Watch.Unit"/>.</param>
/// <param name="Others">Series of this signal that are not shown here.</param>
public sealed record SignalReading(
    GoldenSignal Column, WatchSignal Signal, int WatchId, string Watch, string Unit, long SeriesId,
    double? Value, double? Lower, double? Upper, IReadOnlyList<double> Recent, HealthState State, DateTimeOffset? SampleAt, int Others);

/// <summary>The open anomaly that decides the state of a service.</summary>
public sealed record HealthAnomaly(
    long Id, DateTimeOffset StartedAt, int ServiceId, int WatchId, long SeriesId, AnomalyDirection Direction,
    double Value, double Lower, double Upper, double Confidence, AnomalyVerdict? Verdict);

/// <summary>A service with its state and the reason for it.</summary>
public sealed record ServiceHealth(
    int Id, string Name, CatalogueOrigin Origin, ServiceTier Tier, string? Team, HealthState State, HealthReason Reason,
    DateTimeOffset? Since, int OpenAnomalies, int Series, IReadOnlyList<SignalReading> Signals)
{
    public SignalReading? this[GoldenSignal column] => Signals.FirstOrDefault(signal => signal.Column == column);
}

/// <summary>Why a service is in its state; the page finds the words, in the reader's units and zone.</summary>
public abstract record HealthReason
{
    private HealthReason()
    {
    }

    public sealed record Outside(string Watch, string Unit, HealthAnomaly Anomaly) : HealthReason;

    /// <summary>The upstream did not answer for any of its watches.</summary>
    public sealed record NoAnswer(string Reason) : HealthReason;
    public sealed record NoSamples : HealthReason;
    public sealed record NothingWatched : HealthReason;

    /// <summary>Samples come, a band does not exist yet.</summary>
    public sealed record NoBandYet : HealthReason;
    public sealed record WithinBands : HealthReason;
}

/// <summary>All services of an environment at one time, worst first.</summary>
public sealed record ServicesPicture(DateTimeOffset ReadAt, IReadOnlyList<ServiceHealth> Services) : ISharedPicture
{
    public int Count(HealthState state) => Services.Count(service => service.State == state);
}
