namespace Archon.Live;

/// <summary>
/// A snapshot that follows from its key alone and is the same for every reader. One that depends on who reads, such as that of the settings, must not
/// declare itself so; a test follows what the pages read.
/// </summary>
public interface ISharedPicture
{
    /// <summary>About how much memory it takes.</summary>
    public long Bytes { get; }
}

/// <summary>What a page reads, and when it reads again.</summary>
/// <param name="Key">Everything that decides what is read.</param>
/// <param name="Topics">It is read again when one of them ticks.</param>
public abstract record LiveSource<TPicture>(string Key, IReadOnlyList<LiveTopic> Topics)
    where TPicture : class
{
    /// <summary>Whose changes concern it; null for those of all environments.</summary>
    public int? EnvironmentId { get; init; }

    /// <summary>The last snapshot, to begin with; null where there is none.</summary>
    internal abstract TPicture? Find(SnapshotCache snapshots);

    internal abstract Task<TPicture> ReadAsync(SnapshotCache snapshots, SnapshotAge age, CancellationToken cancellationToken);
}

/// <summary>Read once for all readers of the process.</summary>
public sealed record SharedSource<TPicture>(string Key, IReadOnlyList<LiveTopic> Topics, Func<CancellationToken, Task<TPicture>> Read)
    : LiveSource<TPicture>(Key, Topics)
    where TPicture : class, ISharedPicture
{
    /// <summary>Older than this it is read again though no topic ticked: part of what it says follows from the time.</summary>
    public TimeSpan Lifetime { get; init; } = TimeSpan.FromSeconds(30);

    internal override TPicture? Find(SnapshotCache snapshots) => snapshots.Find(this);

    internal override Task<TPicture> ReadAsync(SnapshotCache snapshots, SnapshotAge age, CancellationToken cancellationToken) =>
        snapshots.GetAsync(this, age, cancellationToken);
}

/// <summary>Read for each reader, where it depends on who reads.</summary>
public sealed record OwnSource<TPicture>(string Key, IReadOnlyList<LiveTopic> Topics, Func<CancellationToken, Task<TPicture>> Read)
    : LiveSource<TPicture>(Key, Topics)
    where TPicture : class
{
    internal override TPicture? Find(SnapshotCache snapshots) => null;

    internal override Task<TPicture> ReadAsync(SnapshotCache snapshots, SnapshotAge age, CancellationToken cancellationToken) =>
        Read(cancellationToken);
}

public static class LiveSource
{
    /// <param name="name">Of the page or the part of it.</param>
    /// <param name="filter">What else decides what is read, such as the part of a list.</param>
    /// <param name="read">Gets the environment of the key. It runs later than this, so it may use copies of the filter alone, and nothing that the
    /// reader can change meanwhile: else one filter's snapshot is kept under the key of another, for every reader.</param>
    public static SharedSource<TPicture> Shared<TPicture>(
        string name,
        int environmentId,
        FormattableString filter,
        IReadOnlyList<LiveTopic> topics,
        Func<int, CancellationToken, Task<TPicture>> read
    )
        where TPicture : class, ISharedPicture =>
        new(
            FormattableString.Invariant($"{name}/{environmentId}/{FormattableString.Invariant(filter)}"),
            topics,
            token => read(environmentId, token)
        )
        {
            EnvironmentId = environmentId,
        };
}
