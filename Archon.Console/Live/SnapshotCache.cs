using System.Runtime.ExceptionServices;

namespace Archon.Live;

/// <summary>How new a snapshot has to be.</summary>
public enum SnapshotAge
{
    /// <summary>A moment old is new enough: the page that opens hears of later changes anyway.</summary>
    Opening,

    /// <summary>With every change that was heard of before this call.</summary>
    Current,

    /// <summary>Read after this call, for a reader who has just changed something.</summary>
    Newer,
}

/// <summary>The newest shared snapshot of each source: one read for all readers of the process, at most twice a second.</summary>
/// <remarks>
/// A page is drawn twice when it opens: once into the first reply, once when its circuit starts. The second time it begins with what the first one
/// showed, so that nothing blinks.
/// </remarks>
public sealed class SnapshotCache : IDisposable
{
    public const int MostSnapshots = 64;
    public const long MostBytes = 64_000_000;

    /// <summary>What nobody asked for so long leaves the memory.</summary>
    public static readonly TimeSpan Unused = TimeSpan.FromSeconds(30);

    /// <summary>Twice a second is as fast as people read.</summary>
    private static readonly TimeSpan Gap = TimeSpan.FromMilliseconds(500);

    /// <summary>A scan ticks several topics at nearly one time: they are one change.</summary>
    private static readonly TimeSpan Settle = TimeSpan.FromMilliseconds(50);

    private readonly TimeProvider clock;
    private readonly LiveUpdates updates;
    private readonly ITimer sweep;
    private readonly Lock gate = new();
    private readonly Dictionary<(Type, string), Entry> entries = [];
    private bool isSweepSet;

    public SnapshotCache(LiveUpdates updates, TimeProvider clock)
    {
        (this.updates, this.clock) = (updates, clock);
        sweep = clock.CreateTimer(_ => Sweep(), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <summary>How many snapshots are kept, and how much memory they take.</summary>
    public (int Count, long Bytes) Kept
    {
        get
        {
            lock (gate)
            {
                var kept = entries.Values.Where(entry => entry.Newest is not null).ToList();
                return (kept.Count, kept.Sum(entry => entry.Bytes));
            }
        }
    }

    /// <summary>The last snapshot, changed or not; null where none is kept.</summary>
    public TPicture? Find<TPicture>(SharedSource<TPicture> source)
        where TPicture : class, ISharedPicture
    {
        lock (gate)
        {
            return
                entries.GetValueOrDefault((typeof(TPicture), source.Key)) is { Newest: { } newest } entry
                && clock.GetElapsedTime(entry.ReadAt) <= source.Lifetime
                ? (TPicture)newest
                : null;
        }
    }

    /// <exception cref="Exception">What the read threw; for all that waited for it.</exception>
    public async Task<TPicture> GetAsync<TPicture>(SharedSource<TPicture> source, SnapshotAge age, CancellationToken cancellationToken)
        where TPicture : class, ISharedPicture
    {
        var entry = Use((typeof(TPicture), source.Key));
        var begun = entry.Attempts;
        // Outside of the gate: a page that opens must not wait for the pace of those that are open.
        if (age == SnapshotAge.Current)
            await RestAsync(entry, source, begun, cancellationToken);
        await entry.Reading.WaitAsync(cancellationToken);
        try
        {
            if (entry.Newest is TPicture newest && IsNewEnough(entry, source, age, begun))
                return newest;
            if (entry.FailedAttempt > begun)
                entry.Failure!.Throw();
            return await ReadAsync(entry, source, cancellationToken);
        }
        finally
        {
            entry.Reading.Release();
        }
    }

    public void Dispose() => sweep.Dispose();

    /// <summary>Until ticks that belong together have come, and the last read began long enough ago.</summary>
    private async Task RestAsync<TPicture>(Entry entry, SharedSource<TPicture> source, int begun, CancellationToken cancellationToken)
        where TPicture : class, ISharedPicture
    {
        TimeSpan rest;
        lock (gate)
        {
            if (entry.Newest is null || IsNewEnough(entry, source, SnapshotAge.Current, begun))
                return;
            rest = Gap - clock.GetElapsedTime(entry.BegunAt);
        }
        await Task.Delay(rest > Settle ? rest : Settle, clock, cancellationToken);
    }

    private bool IsNewEnough<TPicture>(Entry entry, SharedSource<TPicture> source, SnapshotAge age, int begun)
        where TPicture : class, ISharedPicture
    {
        // It has every change that was heard of before the call. One that was heard of during the read wakes the pages again.
        if (entry.NewestAttempt > begun)
            return true;
        if (age == SnapshotAge.Newer)
            return false;
        var old = clock.GetElapsedTime(entry.ReadAt);
        if (age == SnapshotAge.Opening && old < Gap)
            return true;
        // Where changes are not heard, only the time tells that there may be some.
        var longest = updates.Break is null || source.Lifetime < LiveUpdates.Fallback ? source.Lifetime : LiveUpdates.Fallback / 2;
        return entry.Stamp == Stamp(source.Topics, source.EnvironmentId) && old < longest;
    }

    private async Task<TPicture> ReadAsync<TPicture>(Entry entry, SharedSource<TPicture> source, CancellationToken cancellationToken)
        where TPicture : class, ISharedPicture
    {
        // Before the read: a change that comes while it is under way may not be in it.
        var (stamp, readAt) = (Stamp(source.Topics, source.EnvironmentId), clock.GetTimestamp());
        lock (gate)
            (entry.Attempts, entry.BegunAt) = (entry.Attempts + 1, readAt);
        try
        {
            var picture = await source.Read(cancellationToken);
            Keep(entry, picture, stamp, readAt);
            return picture;
        }
        // One reader's wish to stop is no failure for the others.
        catch (Exception failure) when (!cancellationToken.IsCancellationRequested)
        {
            (entry.FailedAttempt, entry.Failure) = (entry.Attempts, ExceptionDispatchInfo.Capture(failure));
            throw;
        }
    }

    private static long Stamp(IReadOnlyList<LiveTopic> topics, int? environmentId)
    {
        // Versions only grow, so the sum changes with each of them.
        var sum = 0L;
        foreach (var topic in topics)
            sum += environmentId is { } id ? topic.VersionOf(id) : topic.Version;
        return sum;
    }

    private Entry Use((Type, string) key)
    {
        lock (gate)
        {
            if (!entries.TryGetValue(key, out var entry))
                entries[key] = entry = new Entry();
            entry.UsedAt = clock.GetTimestamp();
            Shrink(entry);
            SetSweep();
            return entry;
        }
    }

    private void Keep(Entry entry, ISharedPicture picture, long stamp, long readAt)
    {
        lock (gate)
        {
            (entry.Newest, entry.Stamp, entry.ReadAt, entry.Bytes) = (picture, stamp, readAt, picture.Bytes);
            entry.NewestAttempt = entry.Attempts;
            Shrink(entry);
        }
    }

    /// <summary>Keys hold texts that readers choose: without an end to it they would fill the memory.</summary>
    private void Shrink(Entry newest)
    {
        while (entries.Count > MostSnapshots || entries.Values.Sum(entry => entry.Bytes) > MostBytes)
        {
            // The one that is asked for goes last, and only where it is too large by itself.
            var oldest = entries.OrderBy(one => one.Value == newest).ThenBy(one => one.Value.UsedAt).First();
            entries.Remove(oldest.Key);
        }
    }

    private void SetSweep()
    {
        if (isSweepSet || entries.Count == 0)
            return;
        isSweepSet = true;
        sweep.Change(Unused, Timeout.InfiniteTimeSpan);
    }

    private void Sweep()
    {
        lock (gate)
        {
            isSweepSet = false;
            foreach (var (key, entry) in entries.ToList())
            {
                if (clock.GetElapsedTime(entry.UsedAt) >= Unused)
                    entries.Remove(key);
            }
            SetSweep();
        }
    }

    private sealed class Entry
    {
        /// <summary>Held by the one that reads.</summary>
        public SemaphoreSlim Reading { get; } = new(1);

        public ISharedPicture? Newest { get; set; }
        public long Stamp { get; set; }
        public long ReadAt { get; set; }
        public long UsedAt { get; set; }
        public long Bytes { get; set; }

        /// <summary>Reads that were begun; one that is under way when somebody asks is counted already, and begun too early for them.</summary>
        public int Attempts { get; set; }

        /// <summary>When the last of them was begun.</summary>
        public long BegunAt { get; set; }

        public int NewestAttempt { get; set; }
        public int FailedAttempt { get; set; }
        public ExceptionDispatchInfo? Failure { get; set; }
    }
}
