using Archon.Data.Catalogue;

namespace Archon.Features.Watches;

internal static class WatchWords
{
    public static string Origin(CatalogueOrigin origin) => origin.ToString().ToLowerInvariant();

    public static string Direction(AnomalyDirection direction) => direction switch
    {
        AnomalyDirection.Up => "above its band",
        AnomalyDirection.Down => "below its band",
        _ => "above or below its band",
    };

    /// <summary>What came of a change, in words; null when it was done.</summary>
    public static string? Problem(WatchResult result) => result switch
    {
        WatchResult.Done => null,
        WatchResult.NotFound => "This watch no longer exists.",
        WatchResult.ChangedMeanwhile => "Someone changed this watch meanwhile.",
        WatchResult.Invalid invalid => invalid.Reason,
        WatchResult.NotChecked missed => $"The query could not be tried, so nothing was saved: {missed.Reason}",
        _ => "The watch could not be saved.",
    };
}
