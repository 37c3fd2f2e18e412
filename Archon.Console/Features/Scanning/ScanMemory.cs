using System.Collections.Concurrent;

namespace Archon.Features.Scanning;

/// <summary>The scorers of every watch this process scans, so that a scan reads no models and replays no history.</summary>
/// <remarks>Only a shortcut: what is here is rebuilt from the database and Prometheus when another process moved on, a model is newer, or
/// a scan failed half way.</remarks>
public sealed class ScanMemory
{
    private readonly ConcurrentDictionary<int, Entry> entries = new();

    internal Entry? For(int watchId, DateTimeOffset? scannedTo, DateTimeOffset? fittedAt, uint settings) =>
        entries.TryGetValue(watchId, out var entry)
        && entry.ScannedTo == scannedTo
        && entry.FittedAt == fittedAt
        && entry.Settings == settings
            ? entry
            : null;

    internal void Keep(int watchId, Entry entry) => entries[watchId] = entry;

    internal void Forget(int watchId) => entries.TryRemove(watchId, out _);

    internal sealed class Entry
    {
        public DateTimeOffset? ScannedTo { get; set; }
        public required DateTimeOffset? FittedAt { get; init; }

        /// <summary>Hash of what a person may set on the watch.</summary>
        public required uint Settings { get; init; }

        public required ScanSettings Scan { get; init; }

        public required Dictionary<string, SeriesScorer> Scorers { get; init; }

        /// <summary>Up to where the stored models have seen samples.</summary>
        public DateTimeOffset SavedTo { get; set; }
    }
}
