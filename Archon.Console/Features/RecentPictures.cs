using System.Collections.Concurrent;

namespace Archon.Features;

/// <summary>The newest picture of each page, kept for a moment.</summary>
/// <remarks>A page is drawn twice when it opens: once into the first reply, once when its circuit starts. The second time it
/// begins with what the first one showed, so that nothing blinks, and reads again from there.</remarks>
public sealed class RecentPictures(TimeProvider clock)
{
    private static readonly TimeSpan Lifetime = TimeSpan.FromSeconds(30);
    private const int Limit = 64;

    private readonly ConcurrentDictionary<(Type, string), (object Picture, DateTimeOffset At)> pictures = new();

    public TPicture? Find<TPicture>(string key) where TPicture : class =>
        pictures.TryGetValue((typeof(TPicture), key), out var kept) && clock.GetUtcNow() - kept.At <= Lifetime ? (TPicture)kept.Picture : null;

    public void Keep<TPicture>(string key, TPicture picture) where TPicture : class
    {
        var now = clock.GetUtcNow();
        pictures[(typeof(TPicture), key)] = (picture, now);
        if (pictures.Count <= Limit) return;
        foreach (var (old, kept) in pictures)
        {
            if (now - kept.At > Lifetime) pictures.TryRemove(old, out _);
        }
    }
}
