namespace Archon.Live;

/// <summary>
/// A picture that follows from its page's key alone and is the same for every reader. One that depends on who reads, such as that of the settings, must not
/// declare itself so; a test follows what the pages read.
/// </summary>
public interface ISharedPicture;

/// <summary>The newest picture of each page, kept for a moment for the whole process.</summary>
/// <remarks>A page is drawn twice when it opens: once into the first reply, once when its circuit starts. The second time it
/// begins with what the first one showed, so that nothing blinks, and reads again from there.</remarks>
public sealed class RecentPictures : IDisposable
{
    private static readonly TimeSpan Lifetime = TimeSpan.FromSeconds(30);
    private const int Limit = 64;

    private readonly TimeProvider clock;
    private readonly ITimer expiry;
    private readonly Lock gate = new();
    private readonly Dictionary<(Type, string), (ISharedPicture Picture, DateTimeOffset At)> pictures = [];

    public RecentPictures(TimeProvider clock)
    {
        this.clock = clock;
        expiry = clock.CreateTimer(_ => Clear(), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    public TPicture? Find<TPicture>(string key)
        where TPicture : class
    {
        lock (gate)
        {
            return pictures.TryGetValue((typeof(TPicture), key), out var kept) && clock.GetUtcNow() - kept.At <= Lifetime
                ? (TPicture)kept.Picture
                : null;
        }
    }

    public void Keep(string key, ISharedPicture picture)
    {
        lock (gate)
        {
            pictures[(picture.GetType(), key)] = (picture, clock.GetUtcNow());
            // Keys hold texts that readers choose: without an end to it they would fill the memory.
            while (pictures.Count > Limit)
                pictures.Remove(pictures.MinBy(one => one.Value.At).Key);
        }
        // Once nothing was kept for so long all are too old to be shown, and would stay in memory until the next page opens.
        expiry.Change(Lifetime, Timeout.InfiniteTimeSpan);
    }

    public void Dispose() => expiry.Dispose();

    private void Clear()
    {
        lock (gate)
            pictures.Clear();
    }
}
