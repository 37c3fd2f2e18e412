using System.Collections.Immutable;
using System.Runtime.CompilerServices;
using System.Threading.Channels;

namespace Archon.Live;

/// <summary>Data of one topic changed: read again.</summary>
/// <param name="Topic">As in <see cref="LiveTopic.Name"/>.</param>
public sealed record TopicChanged(string Topic, DateTimeOffset At);

/// <summary>
/// One kind of data that changes. It belongs to the feature that changes it, which announces each change with
/// <see cref="Announcements.AnnounceAsync(Data.ArchonDbContext, string, CancellationToken)"/>; <see cref="ChangeListener"/> then ticks it in every
/// process.
/// </summary>
/// <param name="name">In the plural: <c>anomalies</c>. Unique.</param>
public abstract class LiveTopic(string name, TimeProvider clock)
{
    private ImmutableList<Channel<TopicChanged>> readers = [];
    private long version;

    public string Name { get; } = name;

    /// <summary>Grows with every tick.</summary>
    public long Version => Interlocked.Read(ref version);

    /// <summary>How many watch now.</summary>
    public int Readers => readers.Count;

    /// <summary>One tick at once, then one for every change. Ticks that nobody took yet become one.</summary>
    public async IAsyncEnumerable<TopicChanged> WatchAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        // A tick carries no data, so one waiting tick stands for any number of them and a slow reader holds nobody up.
        var channel = Channel.CreateBounded<TopicChanged>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropOldest });
        ImmutableInterlocked.Update(ref readers, list => list.Add(channel));
        try
        {
            yield return Now(); // after subscribing: nothing falls between load and watch
            await foreach (var tick in channel.Reader.ReadAllAsync(cancellationToken))
                yield return tick;
        }
        finally
        {
            ImmutableInterlocked.Update(ref readers, list => list.Remove(channel));
        }
    }

    /// <summary>A tick of this moment.</summary>
    public TopicChanged Now() => new(Name, clock.GetUtcNow());

    /// <summary>Ticks every reader.</summary>
    public void Tick()
    {
        Interlocked.Increment(ref version);
        var tick = Now();
        foreach (var reader in readers)
            reader.Writer.TryWrite(tick);
    }
}
