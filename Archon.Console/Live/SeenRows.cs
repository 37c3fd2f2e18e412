namespace Archon.Live;

/// <summary>Knows which rows came since the page opened, so that they can be shown arriving, once.</summary>
internal sealed class SeenRows
{
    private HashSet<long>? known;
    private HashSet<long> arrived = [];

    public void See(IEnumerable<long> ids)
    {
        var now = ids.ToHashSet();
        // What is there when the page opens is not news.
        arrived = known is null ? [] : [.. now.Except(known)];
        known = known is null ? now : [.. known, .. now];
    }

    public bool IsNew(long id) => arrived.Contains(id);
}
