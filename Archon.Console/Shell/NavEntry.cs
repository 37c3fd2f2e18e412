namespace Archon.Shell;

/// <summary>A screen one can go to.</summary>
/// <param name="GoKey">The letter after <c>g</c>.</param>
public sealed record NavEntry(string Href, string Name, string Icon, string GoKey)
{
    /// <summary>Groups as the navigation shows them, a line between them.</summary>
    public static readonly IReadOnlyList<IReadOnlyList<NavEntry>> Groups =
    [
        [new("/", "Overview", "overview", "o"), new("/anomalies", "Anomalies", "anomalies", "a"), new("/forecasts", "Forecasts", "forecasts", "f")],
        [new("/services", "Services", "services", "s"), new("/rules", "Rules", "rules", "r"), new("/channels", "Channels", "notifications", "c")],
        [new("/status", "Status", "status", "t")],
    ];

    public static readonly NavEntry Settings = new("/settings", "Settings", "settings", "e");

    public static IEnumerable<NavEntry> All => Groups.SelectMany(group => group).Append(Settings);
}
