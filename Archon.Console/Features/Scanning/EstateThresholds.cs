using System.Collections.Concurrent;
using Archon.Analysis.Detection;
using Archon.Data;
using Microsoft.EntityFrameworkCore;

namespace Archon.Features.Scanning;

/// <summary>
/// For each environment, how rare a sample has to be to be reported, by what all processes have counted in its series. A scan asks and adds
/// here without waiting for anything; <see cref="EstateThresholdKeeper"/> exchanges both with the database. While that does not answer, the
/// last threshold holds.
/// </summary>
public sealed class EstateThresholds
{
    // A series that is gone has no peaks any more.
    private static readonly TimeSpan Forgotten = TimeSpan.FromHours(3);

    // A week has each hour of it once.
    internal static readonly TimeSpan Memory = TimeSpan.FromDays(7);

    private readonly ConcurrentDictionary<int, double> leastRarities = new();

    // Beside the scorers, which are loaded anew whenever another process scanned: an hour is counted by what this one saw of all of it.
    private readonly ConcurrentDictionary<long, HourlyPeaks> peaks = new();
    private readonly Lock gate = new();
    private Dictionary<(int EnvironmentId, EvidencePeak Peak), long> waiting = [];

    /// <summary>0 while too little is known of the environment.</summary>
    public double LeastRarityOf(int environmentId) => leastRarities.GetValueOrDefault(environmentId);

    internal HourlyPeaks PeaksOf(long seriesId) => peaks.GetOrAdd(seriesId, _ => new HourlyPeaks());

    internal void Add(int environmentId, IEnumerable<EvidencePeak> found)
    {
        lock (gate)
        {
            foreach (var peak in found)
                waiting[(environmentId, peak)] = waiting.GetValueOrDefault((environmentId, peak)) + 1;
        }
    }

    /// <summary>Adds what waits to the table, and takes the thresholds that follow from all of it.</summary>
    internal async Task ExchangeAsync(ArchonDbContext db, DateTimeOffset now, CancellationToken cancellationToken)
    {
        var since = now - Memory;
        foreach (var (seriesId, _) in peaks.Where(one => one.Value.Hour < now - Forgotten))
            peaks.TryRemove(seriesId, out _);
        Dictionary<(int EnvironmentId, EvidencePeak Peak), long> taken;
        lock (gate)
            (taken, waiting) = (waiting, []);
        try
        {
            await AddAsync(db, taken.Where(one => one.Key.Peak.Hour >= since).ToList(), cancellationToken);
        }
        catch
        {
            // Nothing is in the table: it is added with what came since, next time.
            lock (gate)
            {
                foreach (var (key, count) in taken.Where(one => one.Key.Peak.Hour >= since))
                    waiting[key] = waiting.GetValueOrDefault(key) + count;
            }
            throw;
        }
        var sums = await db
            .EvidenceCounts.AsNoTracking()
            .Where(one => one.Hour >= since)
            .GroupBy(one => new { one.EnvironmentId, one.RarityClass })
            .Select(group => new
            {
                group.Key.EnvironmentId,
                group.Key.RarityClass,
                Series = group.Sum(one => one.Series),
            })
            .ToListAsync(cancellationToken);
        foreach (var environment in sums.GroupBy(one => one.EnvironmentId))
        {
            var hours = new double[EstateEvidence.Classes];
            foreach (var one in environment)
                hours[Math.Clamp(one.RarityClass, 0, hours.Length - 1)] += one.Series;
            leastRarities[environment.Key] = EstateEvidence.LeastRarity(hours);
        }
    }

    /// <summary>In one statement, so that all of it is added or nothing. An environment that was deleted meanwhile is left out.</summary>
    private static async Task AddAsync(
        ArchonDbContext db,
        List<KeyValuePair<(int EnvironmentId, EvidencePeak Peak), long>> counts,
        CancellationToken cancellationToken
    )
    {
        if (counts.Count == 0)
            return;
        var environments = counts.Select(one => one.Key.EnvironmentId).ToArray();
        var hours = counts.Select(one => one.Key.Peak.Hour).ToArray();
        var classes = counts.Select(one => one.Key.Peak.Class).ToArray();
        var series = counts.Select(one => one.Value).ToArray();
        await db.Database.ExecuteSqlAsync(
            $"""
            INSERT INTO evidence_counts (environment_id, hour, rarity_class, series)
            SELECT one.environment_id, one.hour, one.rarity_class, one.series
            FROM unnest({environments}, {hours}, {classes}, {series}) AS one (environment_id, hour, rarity_class, series)
            JOIN environments ON environments.id = one.environment_id
            ORDER BY 1, 2, 3
            ON CONFLICT (environment_id, hour, rarity_class) DO UPDATE SET series = evidence_counts.series + excluded.series
            """,
            cancellationToken
        );
    }
}
