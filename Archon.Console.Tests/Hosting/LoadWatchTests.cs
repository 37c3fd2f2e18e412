using Archon.Hosting;
using Xunit;

namespace Archon.Tests.Hosting;

/// <summary>Memory is released once a load has ended, again when closed circuits are gone, and never while people wait.</summary>
public sealed class LoadWatchTests
{
    private static readonly DateTimeOffset Start = new(2026, 11, 30, 7, 0, 0, TimeSpan.Zero);
    private readonly LoadWatch watch = new(Start, 0);
    private long allocated;
    private long resident;
    private DateTimeOffset now = Start;

    [Fact]
    public void After_the_start_it_waits_for_half_a_minute_of_quiet() => Assert.Equal([30], Releases(seconds: 60, megabytesPerSecond: 1));

    [Fact]
    public void Under_load_nothing_is_released() => Assert.Empty(Releases(seconds: 600, megabytesPerSecond: 20));

    [Fact]
    public void After_a_load_it_releases_once_it_is_quiet_and_again_when_closed_circuits_are_gone()
    {
        Releases(seconds: 120, megabytesPerSecond: 20);

        Assert.Equal([30, 210, 390, 570, 750], Releases(seconds: 900, megabytesPerSecond: 1));
    }

    [Fact]
    public void A_load_between_two_releases_starts_anew()
    {
        Releases(seconds: 40, megabytesPerSecond: 1);
        Releases(seconds: 10, megabytesPerSecond: 20);

        Assert.Equal([30], Releases(seconds: 60, megabytesPerSecond: 1));
    }

    [Fact]
    public void What_a_large_reply_left_is_released_without_waiting_for_closed_circuits()
    {
        Assert.Equal([30], Releases(seconds: 60, megabytesPerSecond: 1));

        resident += LoadWatch.Grown + 1;

        Assert.Equal([10, 190], Releases(seconds: 200, megabytesPerSecond: 1));
    }

    [Fact]
    public void Memory_that_is_still_in_use_after_a_release_is_no_reason_for_another()
    {
        resident = 10 * LoadWatch.Grown;

        Assert.Equal([30, 210], Releases(seconds: 240, megabytesPerSecond: 1));
    }

    /// <summary>Seconds from now at which memory is released.</summary>
    private List<double> Releases(int seconds, int megabytesPerSecond)
    {
        var began = now;
        var found = new List<double>();
        while (now - began < TimeSpan.FromSeconds(seconds))
        {
            now += TimeSpan.FromSeconds(10);
            allocated += megabytesPerSecond * 10_000_000L;
            if (!watch.IsReleaseDue(now, allocated, resident))
                continue;
            watch.NoteReleased(resident);
            found.Add((now - began).TotalSeconds);
        }
        return found;
    }
}
