using System.Runtime.InteropServices;
using Archon.Analysis.Series;
using Archon.Integrations;

namespace Archon.Features.Rules.Backtest;

/// <summary>A stretch of evaluations of one query, as a server is asked for it.</summary>
/// <param name="Query">In PromQL's canonical form.</param>
/// <param name="First">Of the first evaluation, in Unix milliseconds.</param>
/// <param name="Count">Of evaluations.</param>
/// <param name="Step">From one to the next, in milliseconds.</param>
/// <param name="Offset">How much earlier than each evaluation its samples are asked for, in milliseconds.</param>
public sealed record SampleKey(int EnvironmentId, string Query, long First, int Count, long Step, long Offset)
{
    /// <summary>The times that the server is asked about.</summary>
    public TimeRange Asked
    {
        get
        {
            var first = DateTimeOffset.FromUnixTimeMilliseconds(First - Offset);
            return new TimeRange(first, first.AddMilliseconds((Count - 1) * (double)Step));
        }
    }
}

/// <summary>What the server returned for a stretch of evaluations.</summary>
public sealed record SampleSlice(long First, int Count, IReadOnlyList<MetricSeries> Series)
{
    private const int SeriesBytes = 200;
    private const int LabelBytes = 120;

    public long Samples { get; } = Series.Sum(series => (long)series.Count);

    /// <summary>About what it takes in memory. Series mostly share the array of their times.</summary>
    public long Bytes { get; } = BytesOf(Series);

    private static long BytesOf(IReadOnlyList<MetricSeries> all)
    {
        var times = new HashSet<object>(ReferenceEqualityComparer.Instance);
        var bytes = 0L;
        foreach (var series in all)
        {
            bytes += SeriesBytes + ((long)series.Count * sizeof(double));
            foreach (var (name, value) in series.Labels.Values)
                bytes += LabelBytes + (sizeof(char) * (name.Length + value.Length));
            if (!MemoryMarshal.TryGetArray(series.Times, out var array) || times.Add(array.Array!))
                bytes += (long)series.Count * sizeof(long);
        }
        return bytes;
    }
}

/// <summary>
/// The samples of all backtests of the process, within one budget of memory: what one reader has asked the server for, the others are given too.
/// </summary>
/// <remarks>
/// What is kept depends on the environment, the query and the times, and never on who asks. The stretch that was used least recently goes first. One that
/// is being read is read once for all who want it, and ends when the last of them has given up.
/// </remarks>
public sealed class BacktestSampleCache : IDisposable
{
    public const long MostBytes = 128 * 1024 * 1024;

    /// <summary>Samples may come late: of a stretch that had just ended when it was read, there may be more soon.</summary>
    private static readonly TimeSpan Late = TimeSpan.FromMinutes(10);
    private static readonly TimeSpan RecentLasts = TimeSpan.FromMinutes(1);

    // Old samples change too, when a server is filled with recorded data or cleared of some.
    private static readonly TimeSpan Lasts = TimeSpan.FromHours(1);

    /// <summary>What no one asked for so long leaves the memory.</summary>
    private static readonly TimeSpan Unused = TimeSpan.FromMinutes(15);

    private readonly TimeProvider clock;
    private readonly long mostBytes;
    private readonly ITimer sweep;
    private readonly Lock gate = new();
    private readonly Dictionary<SampleKey, LinkedListNode<Kept>> kept = [];
    private readonly LinkedList<Kept> byUse = new(); // the one used last is the last
    private readonly Dictionary<SampleKey, Reading> readings = [];
    private long bytes;
    private bool isSweepSet;

    public BacktestSampleCache(TimeProvider clock, long mostBytes = MostBytes)
    {
        (this.clock, this.mostBytes) = (clock, mostBytes);
        sweep = clock.CreateTimer(_ => Sweep(), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <summary>How many stretches are kept, and how much memory they take.</summary>
    public (int Slices, long Bytes) Size
    {
        get
        {
            lock (gate)
                return (kept.Count, bytes);
        }
    }

    /// <summary>What is kept, else what <paramref name="read"/> returns. Only success is kept.</summary>
    /// <param name="read">Is cancelled when no reader waits for it any more.</param>
    /// <exception cref="Exception">What the read threw; for all that waited for it.</exception>
    public async Task<Fetch<SampleSlice>> GetAsync(
        SampleKey key,
        Func<CancellationToken, Task<Fetch<SampleSlice>>> read,
        CancellationToken cancellationToken
    )
    {
        cancellationToken.ThrowIfCancellationRequested();
        Reading? reading;
        lock (gate)
        {
            if (Find(key) is { } slice)
                return new Fetch<SampleSlice>.Ok(slice);
            if (!readings.TryGetValue(key, out reading))
            {
                readings[key] = reading = new Reading();
                reading.Answer = Task.Run(() => ReadAsync(key, reading, read), CancellationToken.None);
            }
            reading.Readers++;
        }
        try
        {
            return await reading.Answer.WaitAsync(cancellationToken);
        }
        finally
        {
            Leave(key, reading);
        }
    }

    public void Dispose() => sweep.Dispose();

    private async Task<Fetch<SampleSlice>> ReadAsync(SampleKey key, Reading reading, Func<CancellationToken, Task<Fetch<SampleSlice>>> read)
    {
        try
        {
            var began = clock.GetUtcNow();
            var answer = await read(reading.Token);
            if (answer is Fetch<SampleSlice>.Ok { Value: var slice })
                Keep(key, slice, began + (key.Asked.End > began - Late ? RecentLasts : Lasts));
            return answer;
        }
        finally
        {
            bool isOurs;
            lock (gate)
            {
                isOurs = reading.End();
                Remove(key, reading);
            }
            if (isOurs)
                reading.Dispose();
        }
    }

    private void Leave(SampleKey key, Reading reading)
    {
        lock (gate)
        {
            if (--reading.Readers > 0 || !reading.End())
                return;
            // The next reader begins anew: what is given up now ends with a cancellation.
            Remove(key, reading);
        }
        reading.Cancel();
        reading.Dispose();
    }

    private SampleSlice? Find(SampleKey key)
    {
        if (!kept.TryGetValue(key, out var node))
            return null;
        if (clock.GetUtcNow() >= node.Value.Until)
        {
            Drop(node);
            return null;
        }
        byUse.Remove(node);
        byUse.AddLast(node);
        node.Value.UsedAt = clock.GetTimestamp();
        return node.Value.Slice;
    }

    private void Keep(SampleKey key, SampleSlice slice, DateTimeOffset until)
    {
        lock (gate)
        {
            if (slice.Bytes > mostBytes || kept.ContainsKey(key))
                return;
            kept[key] = byUse.AddLast(new Kept(key, slice, until) { UsedAt = clock.GetTimestamp() });
            bytes += slice.Bytes;
            while (bytes > mostBytes && byUse.First is { } oldest)
                Drop(oldest);
            SetSweep();
        }
    }

    private void Sweep()
    {
        lock (gate)
        {
            isSweepSet = false;
            while (byUse.First is { } oldest && clock.GetElapsedTime(oldest.Value.UsedAt) >= Unused)
                Drop(oldest);
            SetSweep();
        }
    }

    private void SetSweep()
    {
        if (isSweepSet || byUse.First is not { } oldest)
            return;
        isSweepSet = true;
        // Time goes on while the sweep runs: the next one may be due already.
        var due = Unused - clock.GetElapsedTime(oldest.Value.UsedAt);
        sweep.Change(due > TimeSpan.Zero ? due : TimeSpan.Zero, Timeout.InfiniteTimeSpan);
    }

    private void Drop(LinkedListNode<Kept> node)
    {
        byUse.Remove(node);
        kept.Remove(node.Value.Key);
        bytes -= node.Value.Slice.Bytes;
    }

    private void Remove(SampleKey key, Reading reading)
    {
        if (readings.GetValueOrDefault(key) == reading)
            readings.Remove(key);
    }

    private sealed record Kept(SampleKey Key, SampleSlice Slice, DateTimeOffset Until)
    {
        public long UsedAt { get; set; }
    }

    /// <summary>A question to the server, for all who wait for its answer.</summary>
    private sealed class Reading : IDisposable
    {
        private readonly CancellationTokenSource source = new();
        private bool hasEnded;

        // The source may be disposed of before the read has begun.
        public Reading() => Token = source.Token;

        public Task<Fetch<SampleSlice>> Answer { get; set; } = default!;
        public int Readers { get; set; }
        public CancellationToken Token { get; }

        /// <returns>Whether it is the caller who ends it, and disposes of it; false where the other side has.</returns>
        public bool End() => !hasEnded && (hasEnded = true);

        public void Cancel() => source.Cancel();

        public void Dispose() => source.Dispose();
    }
}
