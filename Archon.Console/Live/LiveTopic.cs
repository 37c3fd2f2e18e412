using System.Collections.Concurrent;
using System.Collections.Immutable;
using System.Runtime.CompilerServices;
using System.Threading.Channels;

namespace Archon.Live;

/// <summary>Data of one topic changed: read again.</summary>
/// <param name="Topic">As in <see cref="LiveTopic.Name"/>.</param>
/// <param name="EnvironmentId">Where; null for all environments, or for several.</param>
public sealed record TopicChanged(string Topic, DateTimeOffset At, int? EnvironmentId = null);

/// <summary>
/// One kind of data that changes. It belongs to the feature that changes it, which announces each change with
/// <see cref="Announcements.AnnounceAsync(Data.ArchonDbContext, string, int, CancellationToken)"/>; <see cref="ChangeListener"/> then ticks it in every
/// process.
/// </summary>
/// <param name="name">In the plural: <c>anomalies</c>. Unique.</param>
public abstract class LiveTopic(string name, TimeProvider clock)
{
    private readonly ConcurrentDictionary<int, long> versions = new();
    private ImmutableList<Reader> readers = [];
    private long version;
    private long versionOfAll;

    public string Name { get; } = name;

    /// <summary>Grows with every tick.</summary>
    public long Version => Interlocked.Read(ref version);

    /// <summary>How many watch now.</summary>
    public int Readers => readers.Count;

    /// <summary>Grows with every tick that concerns an environment.</summary>
    public long VersionOf(int environmentId) => Interlocked.Read(ref versionOfAll) + versions.GetValueOrDefault(environmentId);

    /// <summary>One tick at once, then one for every change. Ticks that nobody took yet become one.</summary>
    public IAsyncEnumerable<TopicChanged> WatchAsync(CancellationToken cancellationToken) => WatchAsync(_ => true, cancellationToken);

    /// <inheritdoc cref="WatchAsync(CancellationToken)"/>
    /// <param name="concerns">Whether an environment's changes are wanted. Asked at each tick, from any thread.</param>
    public async IAsyncEnumerable<TopicChanged> WatchAsync(
        Func<int, bool> concerns,
        [EnumeratorCancellation] CancellationToken cancellationToken
    )
    {
        var reader = new Reader(concerns);
        ImmutableInterlocked.Update(ref readers, list => list.Add(reader));
        try
        {
            yield return Now(); // after subscribing: nothing falls between load and watch
            await foreach (var tick in reader.Ticks.ReadAllAsync(cancellationToken))
                yield return tick;
        }
        finally
        {
            ImmutableInterlocked.Update(ref readers, list => list.Remove(reader));
        }
    }

    /// <summary>A tick of this moment.</summary>
    /// <param name="environmentId">Null for all environments.</param>
    public TopicChanged Now(int? environmentId = null) => new(Name, clock.GetUtcNow(), environmentId);

    /// <summary>Ticks every reader whom the environment concerns.</summary>
    /// <param name="environmentId">Null for all environments.</param>
    public void Tick(int? environmentId = null)
    {
        if (environmentId is { } id)
            versions.AddOrUpdate(id, 1, (_, before) => before + 1);
        else
            Interlocked.Increment(ref versionOfAll);
        Interlocked.Increment(ref version);
        var tick = Now(environmentId);
        foreach (var reader in readers)
            reader.Take(tick);
    }

    private sealed class Reader(Func<int, bool> concerns)
    {
        // A tick carries no data, so one waiting tick stands for any number of them and a slow reader holds nobody up.
        private readonly Channel<TopicChanged> waiting = Channel.CreateBounded<TopicChanged>(
            new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropOldest }
        );
        private readonly Lock gate = new();

        public ChannelReader<TopicChanged> Ticks => waiting.Reader;

        public void Take(TopicChanged tick)
        {
            if (tick.EnvironmentId is { } environment && !concerns(environment))
                return;
            lock (gate)
            {
                // Two ticks of two environments become one of several.
                var isOfSeveral = waiting.Reader.TryPeek(out var before) && before.EnvironmentId != tick.EnvironmentId;
                waiting.Writer.TryWrite(isOfSeveral ? tick with { EnvironmentId = null } : tick);
            }
        }
    }
}
