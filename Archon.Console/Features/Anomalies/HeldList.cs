namespace Archon.Features.Anomalies;

/// <summary>The rows on screen. While somebody is in the list it keeps its order: values change in place, what is new waits.</summary>
internal sealed class HeldList
{
    private AnomaliesPicture? newest;
    private bool held;

    public IReadOnlyList<AnomalyRow> Open { get; private set; } = [];
    public IReadOnlyList<AnomalyRow> Ended { get; private set; } = [];

    /// <summary>Open anomalies that wait to be shown.</summary>
    public int NewCount { get; private set; }

    public void Take(AnomaliesPicture picture)
    {
        newest = picture;
        // Nothing was there to hold on to: an empty list may fill under the pointer.
        if (!held || (Open.Count == 0 && Ended.Count == 0))
        {
            Adopt();
            return;
        }
        var known = picture.Open.Concat(picture.Ended).ToDictionary(row => row.Id);
        Open = [.. Open.Select(row => known.GetValueOrDefault(row.Id, row))];
        Ended = [.. Ended.Select(row => known.GetValueOrDefault(row.Id, row))];
        var shown = Open.Select(row => row.Id).ToHashSet();
        NewCount = picture.Open.Count(row => !shown.Contains(row.Id));
    }

    public void Freeze() => held = true;

    public void Release()
    {
        held = false;
        Adopt();
    }

    public void Adopt()
    {
        if (newest is null)
            return;
        (Open, Ended, NewCount) = (newest.Open, newest.Ended, 0);
    }

    /// <summary>Another filter: what was on screen is no longer what was asked for.</summary>
    public void Reset() => (Open, Ended, NewCount, newest) = ([], [], 0, null);
}
