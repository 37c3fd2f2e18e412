using Archon.Analysis.Series;

namespace Archon.Integrations.Loki;

/// <param name="UnixNanoseconds">Loki's own resolution; finer than <see cref="DateTimeOffset"/>.</param>
/// <param name="Metadata">Structured metadata and parsed labels of the line; live lines come without.</param>
public sealed record LogLine(long UnixNanoseconds, string Text, IReadOnlyDictionary<string, string> Metadata)
{
    public DateTimeOffset At => DateTimeOffset.UnixEpoch.AddTicks(UnixNanoseconds / 100);
}

/// <summary>Lines with the same labels, in the direction that was asked for.</summary>
public sealed record LogStream(SeriesLabels Labels, IReadOnlyList<LogLine> Lines);

/// <summary>What a LogQL query gave: lines, or series of a metric query.</summary>
/// <param name="Streams">In the order of their labels, not of time. Empty for a metric query.</param>
/// <param name="Series">Empty for a log query.</param>
public sealed record LogResult(IReadOnlyList<LogStream> Streams, IReadOnlyList<MetricSeries> Series)
{
    public IReadOnlyList<string> Warnings { get; init; } = [];
}

/// <summary>How much a selector would read.</summary>
public sealed record LogStatistics(long Streams, long Chunks, long Bytes, long Entries);

/// <param name="Times">Unix milliseconds, one per count.</param>
public sealed record LogPattern(string Pattern, IReadOnlyList<long> Times, IReadOnlyList<long> Counts);

/// <param name="Type"><c>string</c>, <c>int</c>, <c>float</c>, <c>duration</c>, <c>bytes</c> or <c>boolean</c>.</param>
public sealed record DetectedField(string Name, string Type, long Cardinality, IReadOnlyList<string> Parsers);

/// <summary>What a tail brings at once.</summary>
/// <param name="Dropped">Lines that Loki left out because the reader was too slow.</param>
public sealed record TailBatch(IReadOnlyList<LogStream> Streams, int Dropped);

/// <summary>The tail ended other than by the reader's wish. The message is Loki's own reason.</summary>
public sealed class LokiTailException(string message) : Exception(message);
