namespace Archon.Features.Services;

/// <summary>The last samples of charts that this process drew, for pages that are opened while Prometheus does not answer.</summary>
public sealed class KeptSignals
{
    /// <summary>About as many charts as a hundred services have; a chart takes a few ten kilobytes.</summary>
    internal const int Most = 400;

    private readonly Lock gate = new();
    private readonly Dictionary<string, LinkedListNode<(string Key, IReadOnlyList<SignalPicture> Pictures)>> kept = new(
        StringComparer.Ordinal
    );
    private readonly LinkedList<(string Key, IReadOnlyList<SignalPicture> Pictures)> newest = new();

    public void Keep(string key, IReadOnlyList<SignalPicture> pictures)
    {
        lock (gate)
        {
            if (kept.Remove(key, out var old))
                newest.Remove(old);
            kept[key] = newest.AddFirst((key, pictures));
            if (kept.Count <= Most)
                return;
            kept.Remove(newest.Last!.Value.Key);
            newest.RemoveLast();
        }
    }

    /// <returns>Null where none was drawn.</returns>
    public IReadOnlyList<SignalPicture>? Find(string key)
    {
        lock (gate)
            return kept.GetValueOrDefault(key)?.Value.Pictures;
    }
}
