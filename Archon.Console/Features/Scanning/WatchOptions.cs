using System.ComponentModel.DataAnnotations;
using Microsoft.Extensions.Options;

namespace Archon.Features.Scanning;

/// <summary>How often and how far the console looks. Bound to the section <c>Archon</c>.</summary>
public sealed class WatchOptions
{
    /// <summary>Time between two scans of a watch, and the distance of its samples. 5 seconds to 5 minutes, 15 seconds by
    /// default.</summary>
    [Range(typeof(TimeSpan), "00:00:05", "00:05:00")]
    public TimeSpan ScanInterval { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>How much history a model is fitted on. 1 hour to 90 days, 14 days by default.</summary>
    [Range(typeof(TimeSpan), "01:00:00", "90.00:00:00")]
    public TimeSpan HistoryWindow { get; init; } = TimeSpan.FromDays(14);

    /// <summary>How much of its time a series must have samples of before it has an expected band: of less, bands are too often left by
    /// healthy series. At most nine
    /// tenths of <see cref="HistoryWindow"/> are asked for. 0 to 14 days, 36 hours by default.</summary>
    [Range(typeof(TimeSpan), "00:00:00", "14.00:00:00")]
    public TimeSpan LeastHistory { get; init; } = TimeSpan.FromHours(36);

    /// <summary>How far back a scan catches up after an outage. Older stretches stay "not checked". 1 minute to 14 days, 6 hours by
    /// default.</summary>
    [Range(typeof(TimeSpan), "00:01:00", "14.00:00:00")]
    public TimeSpan CatchUpLimit { get; init; } = TimeSpan.FromHours(6);

    /// <summary>How long anomalies and unchecked stretches are kept. 1 day to 10 years, 90 days by default.</summary>
    [Range(typeof(TimeSpan), "1.00:00:00", "3650.00:00:00")]
    public TimeSpan Retention { get; init; } = TimeSpan.FromDays(90);

    /// <summary>How long a series or a discovered service may be silent before it is forgotten. 1 hour to 90 days, 7 days by
    /// default.</summary>
    [Range(typeof(TimeSpan), "01:00:00", "90.00:00:00")]
    public TimeSpan StaleAfter { get; init; } = TimeSpan.FromDays(7);

    /// <summary>Most series of one watch that are analysed; the rest is named in the log. 10 to 100,000, 20,000 by default.</summary>
    [Range(10, 100_000)]
    public int SeriesLimit { get; init; } = 20_000;

    /// <summary>Most watches that are scanned at once in one process. 1 to 64, 4 by default.</summary>
    [Range(1, 64)]
    public int ScanShards { get; init; } = 4;
}

[OptionsValidator]
internal sealed partial class WatchOptionsValidator : IValidateOptions<WatchOptions>;
