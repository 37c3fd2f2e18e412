using Archon.Ui.Parts;

namespace Archon.Shell;

/// <summary>A screen one can go to.</summary>
/// <param name="GoKey">The key after <c>g</c>.</param>
public sealed record NavEntry(string Href, string Name, string Icon, string GoKey)
{
    /// <summary>Groups as the navigation shows them, a line between them.</summary>
    public static readonly IReadOnlyList<IReadOnlyList<NavEntry>> Groups =
    [
        [new("/", "Overview", "overview", "o"), new("/anomalies", "Anomalies", "anomalies", "n"), new("/forecasts", "Forecasts", "forecasts", "f")],
        [new("/services", "Services", "services", "s"), new("/rules", "Rules", "rules", "r"), new("/channels", "Channels", "notifications", "c")],
        [new("/status", "Status", "status", "t")],
    ];

    public static readonly NavEntry Settings = new("/settings", "Settings", "settings", ",");

    public static IEnumerable<NavEntry> All => Groups.SelectMany(group => group).Append(Settings);

    /// <summary>The bottom bar of a phone; the rest is behind <c>More</c>.</summary>
    public static IEnumerable<NavEntry> OnPhone => All.Where(entry => entry.GoKey is "o" or "n" or "s" or "t");
}
