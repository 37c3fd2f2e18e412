using System.Diagnostics;
using System.Runtime.InteropServices;
using Archon.Data.Background;

namespace Archon.Hosting;

/// <summary>
/// Gives memory back to the system after a load. The collector works when memory is asked for, so what pages, replies and closed
/// circuits leave behind would stay until the next load.
/// </summary>
internal sealed partial class MemoryRelease(Supervision supervision, TimeProvider clock, ILogger<MemoryRelease> logger)
    : SupervisedService("Memory release", supervision)
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(10);

    protected override async Task RunAsync(CancellationToken stoppingToken)
    {
        var load = new LoadWatch(clock.GetUtcNow(), GC.GetTotalAllocatedBytes());
        using var timer = new PeriodicTimer(Interval, clock);
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            // What the collector knows of itself is as old as its last collection, and without a load there is none.
            var before = Environment.WorkingSet;
            if (!load.IsReleaseDue(clock.GetUtcNow(), GC.GetTotalAllocatedBytes(), before))
                continue;
            var began = Stopwatch.GetTimestamp();
            // Aggressive is the mode that also returns the memory to the system. It stops all threads, so it runs when little goes on.
            GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
            TrimNativeHeap();
            var after = Environment.WorkingSet;
            load.NoteReleased(after);
            var released = (before - after) / 1_000_000;
            var milliseconds = Stopwatch.GetElapsedTime(began).TotalMilliseconds;
            LogReleased(released, milliseconds);
            ReportHealthy();
        }
    }

    /// <summary>What TLS, compression and the just-in-time compiler freed is kept by glibc's allocator, some 50 MB after a load.</summary>
    private static void TrimNativeHeap()
    {
        if (!OperatingSystem.IsLinux())
            return;
        try
        {
            _ = MallocTrim(0);
        }
        catch (Exception other) when (other is DllNotFoundException or EntryPointNotFoundException)
        {
            // Another C library, such as musl, which keeps less.
        }
    }

    /// <summary>See malloc_trim(3).</summary>
    [DllImport("libc.so.6", EntryPoint = "malloc_trim"), DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int MallocTrim(nuint padding);

    [LoggerMessage(Level = LogLevel.Debug, Message = "Released {Megabytes} MB of memory in {Milliseconds:0} ms")]
    private partial void LogReleased(long megabytes, double milliseconds);
}

/// <summary>Finds the moments when a full collection is worth its pause: little goes on, and there is something to clean up.</summary>
internal sealed class LoadWatch(DateTimeOffset start, long allocatedAtStart)
{
    /// <summary>Scans and open pages allocate less, opened pages allocate more.</summary>
    public const long QuietBytesPerSecond = 8_000_000;

    /// <summary>So long it has to be quiet first.</summary>
    public static readonly TimeSpan Quiet = TimeSpan.FromSeconds(30);

    /// <summary>So much more than after the last release is worth another one before <see cref="Again"/>: a reply was large, and is not needed any more.</summary>
    public const long Grown = 64_000_000;

    /// <summary>
    /// While it stays quiet: circuits of closed tabs are kept for five minutes, so what they had is free a while after the load, and what
    /// scans leave in the older generations piles up.
    /// </summary>
    public static readonly TimeSpan Again = TimeSpan.FromMinutes(3);

    private DateTimeOffset lookedAt = start;
    private DateTimeOffset quietSince = start;
    private DateTimeOffset? releasedAt;
    private long allocated = allocatedAtStart;
    private long? residentAfter;

    /// <param name="totalAllocated">Bytes allocated since the process started.</param>
    /// <param name="resident">Bytes that the process has in memory.</param>
    public bool IsReleaseDue(DateTimeOffset now, long totalAllocated, long resident)
    {
        var isBusy = totalAllocated - allocated > QuietBytesPerSecond * (now - lookedAt).TotalSeconds;
        (lookedAt, allocated) = (now, totalAllocated);
        if (isBusy)
            (quietSince, releasedAt) = (now, null);
        var hasGrown = resident - residentAfter > Grown;
        if (now - quietSince < Quiet || now - releasedAt < (hasGrown ? Quiet : Again))
            return false;
        releasedAt = now;
        return true;
    }

    /// <param name="resident">What it still has.</param>
    public void NoteReleased(long resident) => residentAfter = resident;
}
