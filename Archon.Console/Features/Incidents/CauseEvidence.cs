using Archon.Analysis.RootCause;
using Archon.Analysis.Series;
using Archon.Data;
using Archon.Data.Anomalies;
using Archon.Data.Catalogue;
using Archon.Features.Scanning;
using Archon.Integrations;
using Archon.Integrations.Prometheus;
using Microsoft.EntityFrameworkCore;

namespace Archon.Features.Incidents;

/// <summary>Collects what a search for causes needs: the signals of every service around an onset, and what was changed.</summary>
public sealed class CauseEvidence(IDbContextFactory<ArchonDbContext> contexts, Upstreams upstreams)
{
    /// <summary>What is usual is taken from before the onset; what is long after it says more about the repair.</summary>
    private static readonly TimeSpan Before = TimeSpan.FromHours(1);
    private static readonly TimeSpan After = TimeSpan.FromMinutes(10);
    private static readonly TimeSpan Step = TimeSpan.FromSeconds(30);

    /// <summary>A restart this long before can still be the reason.</summary>
    private static readonly TimeSpan ChangesBefore = TimeSpan.FromMinutes(30);

    /// <summary>What begins this long after the onset is told by others and is no longer part of the window.</summary>
    private static readonly TimeSpan Others = TimeSpan.FromMinutes(3);

    /// <summary>Anomalies begin and end a little after what they tell of.</summary>
    private static readonly TimeSpan Margin = TimeSpan.FromMinutes(1);

    private static readonly WatchSignal[] Telling =
    [
        WatchSignal.Rate,
        WatchSignal.Errors,
        WatchSignal.Duration,
        WatchSignal.Saturation,
        WatchSignal.Availability,
    ];

    /// <param name="members">Ids of the anomalies to be explained. What other anomalies were about is no part of what is usual, and what went
    /// on before the onset is no part of what moved at it.</param>
    /// <returns>Unavailable when no watch got an answer: a cause is then not looked for, which is not the same as none.</returns>
    public async Task<Fetch<CauseQuestion>> QuestionAsync(
        int environmentId,
        ServiceGraph graph,
        DateTimeOffset onset,
        IReadOnlyCollection<long> members,
        DateTimeOffset now,
        CancellationToken cancellationToken
    )
    {
        var others = await OthersAsync(environmentId, onset, members, cancellationToken);
        var next = others
            .Where(one => one.StartedAt >= onset + Others)
            .Select(one => one.StartedAt)
            .DefaultIfEmpty(DateTimeOffset.MaxValue)
            .Min();
        var end = Floor(new[] { onset + After, next - Margin, now }.Min());
        var range = new TimeRange(Floor(onset - Before), end);
        var times = Enumerable
            .Range(0, (int)(range.Length / Step) + 1)
            .Select(at => (range.Start + (Step * at)).ToUnixTimeMilliseconds())
            .ToArray();
        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        var watches = await db
            .Watches.AsNoTracking()
            .Where(watch =>
                watch.EnvironmentId == environmentId
                && watch.Enabled
                && watch.Origin != CatalogueOrigin.Ignored
                && Telling.Contains(watch.Signal)
                && db.WatchedSeries.Any(series => series.WatchId == watch.Id && series.ServiceId != null)
            )
            .OrderBy(watch => watch.Id)
            .Select(watch => new
            {
                watch.Id,
                watch.Name,
                watch.Query,
                watch.Signal,
            })
            .ToListAsync(cancellationToken);
        var services = await db
            .Services.AsNoTracking()
            .Where(service => service.EnvironmentId == environmentId)
            .ToDictionaryAsync(service => service.Id, service => service.Name, cancellationToken);
        var matcher = await ServiceMatcher.LoadAsync(db, environmentId, cancellationToken);

        var prometheus = upstreams.For(environmentId).Prometheus;
        var found = new List<ServiceSeries>();
        var (asked, missed) = (0, "There is no watch of a service.");
        foreach (var watch in watches)
        {
            var answer = await prometheus.QueryRangeAsync(watch.Query, range, Step, cancellationToken);
            if (answer is not Fetch<MatrixResult>.Ok { Value.Series: var series })
            {
                missed = answer.Reason();
                continue;
            }
            asked++;
            foreach (
                var group in series
                    .GroupBy(one => matcher.Find(one.Labels.Values))
                    .Where(group => group.Key is not null)
                    .OrderBy(group => group.Key)
            )
            {
                if (services.TryGetValue(group.Key!.Value, out var name))
                    found.Add(new ServiceSeries(name, watch.Name, "", Mean([.. group], times)) { Role = RoleOf(watch.Signal) });
            }
        }
        if (asked == 0)
            return new Fetch<CauseQuestion>.Unavailable(missed);
        // A service whose watching has just begun looks as if all of it had: nobody knows what is usual there.
        var settled = (onset - (Before / 2)).ToUnixTimeMilliseconds();
        var known = found.Where(one => HasValueUpTo(one, times, settled)).Select(one => one.Service).ToHashSet(StringComparer.Ordinal);
        return new Fetch<CauseQuestion>.Ok(
            new CauseQuestion
            {
                Times = times,
                Series =
                [
                    .. found.Where(one => known.Contains(one.Service)).Select(one => WithoutOthers(one, times, onset, services, others)),
                ],
                Graph = graph.Calls > 0 ? graph : null,
                OnsetMs = onset.ToUnixTimeMilliseconds(),
                Changes =
                [
                    .. (await RestartsAsync(prometheus, matcher, services, onset, end, cancellationToken)).Where(change =>
                        known.Contains(change.Service)
                    ),
                ],
            }
        );
    }

    private async Task<List<Disturbance>> OthersAsync(
        int environmentId,
        DateTimeOffset onset,
        IReadOnlyCollection<long> members,
        CancellationToken cancellationToken
    )
    {
        var (since, until) = (onset - Before, onset + After);
        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        return await db
            .Anomalies.AsNoTracking()
            .Where(one =>
                one.EnvironmentId == environmentId
                && one.ServiceId != null
                && one.StartedAt < until
                && (one.EndedAt == null || one.EndedAt >= since)
                && one.Verdict != AnomalyVerdict.Noise
                && !members.Contains(one.Id)
            )
            .Select(one => new Disturbance(one.ServiceId!.Value, one.StartedAt, one.EndedAt))
            .ToListAsync(cancellationToken);
    }

    /// <summary>Leaves out of what is usual what was wrong with the service before. While that lasts, how it was since is what is
    /// usual.</summary>
    private static ServiceSeries WithoutOthers(
        ServiceSeries series,
        long[] times,
        DateTimeOffset onset,
        Dictionary<int, string> services,
        List<Disturbance> others
    )
    {
        var before = others
            .Where(one => one.StartedAt < onset - Margin && services.GetValueOrDefault(one.ServiceId) == series.Service)
            .ToList();
        if (before.Count == 0)
            return series;
        var values = series.Values.ToArray();
        for (var row = 0; row < times.Length; row++)
        {
            var at = DateTimeOffset.FromUnixTimeMilliseconds(times[row]);
            if (at >= onset)
                break;
            foreach (var one in before)
            {
                var isOther =
                    one.EndedAt is { } ended && ended < onset
                        ? at >= one.StartedAt - Margin && at <= ended + Margin
                        : at < one.StartedAt + Margin;
                if (isOther)
                    values[row] = double.NaN;
            }
        }
        return series with { Values = values };
    }

    private static MetricRole RoleOf(WatchSignal signal) =>
        signal switch
        {
            WatchSignal.Rate => MetricRole.Requests,
            WatchSignal.Errors => MetricRole.Errors,
            WatchSignal.Duration => MetricRole.Latency,
            WatchSignal.Availability => MetricRole.Up,
            _ => MetricRole.Saturation,
        };

    private sealed record Disturbance(int ServiceId, DateTimeOffset StartedAt, DateTimeOffset? EndedAt);

    private static bool HasValueUpTo(ServiceSeries series, long[] times, long untilMs)
    {
        var values = series.Values.Span;
        for (var i = 0; i < times.Length && times[i] <= untilMs; i++)
        {
            if (double.IsFinite(values[i]))
                return true;
        }
        return false;
    }

    /// <summary>A process that started around the onset: whoever deploys, restarts or kills leaves this trace.</summary>
    private static async Task<IReadOnlyList<ServiceChange>> RestartsAsync(
        PrometheusClient prometheus,
        ServiceMatcher matcher,
        Dictionary<int, string> services,
        DateTimeOffset onset,
        DateTimeOffset end,
        CancellationToken cancellationToken
    )
    {
        var answer = await prometheus.QueryRangeAsync("process_start_time_seconds", new TimeRange(end, end), Step, cancellationToken);
        if (answer is not Fetch<MatrixResult>.Ok { Value.Series: var processes })
            return [];
        var changes = new List<ServiceChange>();
        foreach (var process in processes)
        {
            if (process.Count == 0 || matcher.Find(process.Labels.Values) is not { } id || !services.TryGetValue(id, out var name))
                continue;
            var startedMs = process.Values.Span[^1] * 1000;
            if (startedMs < (onset - ChangesBefore).ToUnixTimeMilliseconds() || startedMs > end.ToUnixTimeMilliseconds())
                continue;
            changes.Add(new ServiceChange(name, ServiceChangeKind.Restart, (long)startedMs, "its process started anew"));
        }
        return [.. changes.OrderBy(change => change.AtMs).ThenBy(change => change.Service, StringComparer.Ordinal)];
    }

    /// <summary>One value per time of all series of a service, NaN where none has one.</summary>
    private static double[] Mean(List<MetricSeries> series, long[] times)
    {
        var (sums, counts) = (new double[times.Length], new int[times.Length]);
        foreach (var one in series)
        {
            var from = one.Times.Span;
            for (var i = 0; i < from.Length; i++)
            {
                var place = (from[i] - times[0]) / (long)Step.TotalMilliseconds;
                if (place < 0 || place >= times.Length || !double.IsFinite(one.Values.Span[i]))
                    continue;
                sums[place] += one.Values.Span[i];
                counts[place]++;
            }
        }
        for (var i = 0; i < sums.Length; i++)
            sums[i] = counts[i] == 0 ? double.NaN : sums[i] / counts[i];
        return sums;
    }

    private static DateTimeOffset Floor(DateTimeOffset at)
    {
        var stepMs = (long)Step.TotalMilliseconds;
        return DateTimeOffset.FromUnixTimeMilliseconds(at.ToUnixTimeMilliseconds() / stepMs * stepMs);
    }
}
