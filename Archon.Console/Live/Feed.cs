using System.Collections.Immutable;
using System.Runtime.CompilerServices;
using System.Threading.Channels;

namespace Archon.Live;

/// <summary>Tells any number of readers to read again.</summary>
public abstract class Feed<TChange>(TimeProvider clock, Func<DateTimeOffset, TChange> change)
{
    private ImmutableList<Channel<TChange>> readers = [];

    /// <summary>One tick at once, then one for every change. Ticks that nobody took yet become one.</summary>
    public async IAsyncEnumerable<TChange> WatchAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        // A tick carries no data, so one waiting tick stands for any number of them and a slow reader holds nobody up.
        var channel = Channel.CreateBounded<TChange>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropOldest });
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

    /// <summary>A tick of this moment, for those who are told in another way.</summary>
    public TChange Now() => change(clock.GetUtcNow());

    /// <summary>How many watch now.</summary>
    public int Readers => readers.Count;

    /// <summary>Ticks every reader.</summary>
    public void Tick()
    {
        var tick = Now();
        foreach (var reader in readers)
            reader.Writer.TryWrite(tick);
    }
}
