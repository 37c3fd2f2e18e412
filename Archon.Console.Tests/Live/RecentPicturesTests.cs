using System.Runtime.CompilerServices;
using Archon.Live;
using Microsoft.Extensions.Time.Testing;
using Xunit;

namespace Archon.Tests.Live;

public sealed class RecentPicturesTests
{
    private readonly FakeTimeProvider clock = new();

    [Fact]
    public void A_picture_is_found_for_half_a_minute()
    {
        using var pictures = new RecentPictures(clock);
        var kept = new Picture();
        pictures.Keep("status/1", kept);

        clock.Advance(TimeSpan.FromSeconds(29));
        Assert.Same(kept, pictures.Find<Picture>("status/1"));
        clock.Advance(TimeSpan.FromSeconds(2));
        Assert.Null(pictures.Find<Picture>("status/1"));
    }

    [Fact]
    public void What_is_too_old_to_be_shown_leaves_the_memory_also_when_no_page_is_opened_any_more()
    {
        using var pictures = new RecentPictures(clock);
        var kept = Keep(pictures);

        clock.Advance(TimeSpan.FromSeconds(31));
        GC.Collect();

        Assert.False(kept.IsAlive);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static WeakReference Keep(RecentPictures pictures)
    {
        var picture = new Picture();
        pictures.Keep("status/1", picture);
        return new WeakReference(picture);
    }

    private sealed record Picture : ISharedPicture;
}
