using Archon.Data;
using Microsoft.EntityFrameworkCore;
using Xunit;

namespace Archon.Tests.Storms;

/// <summary>What must hold of scans whatever was killed or away meanwhile.</summary>
internal static class ScanInvariants
{
    /// <summary>At any time: no anomaly and no unchecked stretch of one watch is there twice.</summary>
    public static async Task NothingIsDoubledAsync(ArchonDbContext db, int watchId, CancellationToken cancellationToken)
    {
        var anomalies = await db
            .Anomalies.AsNoTracking()
            .Where(one => one.WatchId == watchId)
            .OrderBy(one => one.SeriesId)
            .ThenBy(one => one.StartedAt)
            .ToListAsync(cancellationToken);
        foreach (var (one, next) in anomalies.Zip(anomalies.Skip(1)).Where(pair => pair.First.SeriesId == pair.Second.SeriesId))
        {
            Assert.True(
                one.EndedAt <= next.StartedAt,
                $"The anomaly of {one.StartedAt:O} to {one.EndedAt:O} overlaps the one of {next.StartedAt:O}."
            );
        }
        var spans = await db.UncheckedSpans.AsNoTracking().Where(one => one.WatchId == watchId).ToListAsync(cancellationToken);
        Assert.Equal(spans.Count, spans.Select(span => span.From).Distinct().Count());
    }

    /// <summary>At the end: each spike is exactly one anomaly, and nothing is left unchecked that the server had kept.</summary>
    public static async Task EachSpikeIsOneAnomalyAsync(
        ArchonDbContext db,
        int watchId,
        IReadOnlyList<(DateTimeOffset From, DateTimeOffset To)> spikes,
        CancellationToken cancellationToken
    )
    {
        var found = await db
            .Anomalies.AsNoTracking()
            .Where(one => one.WatchId == watchId && one.PeakValue >= SpikingTarget.FirstSpike)
            .OrderBy(one => one.StartedAt)
            .ToListAsync(cancellationToken);
        var times = string.Join("; ", found.Select(one => $"{one.StartedAt:O} to {one.EndedAt:O}"));
        foreach (var (from, to) in spikes)
        {
            var of = found.Count(one => one.StartedAt < to && (one.EndedAt ?? DateTimeOffset.MaxValue) > from);
            Assert.True(of == 1, $"The spike of {from:O} to {to:O} is in {of} anomalies. There are: {times}");
        }
        Assert.True(found.Count == spikes.Count, $"{spikes.Count} spikes, and these anomalies: {times}");
        Assert.Empty(
            await db
                .UncheckedSpans.Where(span => span.WatchId == watchId && span.CaughtUpAt == null)
                .Select(span => $"{span.From:O} to {span.To:O}: {span.Reason}")
                .ToListAsync(cancellationToken)
        );
    }
}
