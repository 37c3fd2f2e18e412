using Archon.Data.Catalogue;
using Archon.Ui.Format;

namespace Archon.Ui.Health;

/// <summary>The words and shapes of states, the same on every page.</summary>
public static class HealthWords
{
    public static StateKind Shape(HealthState state) =>
        state switch
        {
            HealthState.Critical => StateKind.Critical,
            HealthState.Warning => StateKind.Warning,
            HealthState.Info => StateKind.Info,
            HealthState.Judged => StateKind.Silenced,
            HealthState.Healthy => StateKind.Ok,
            _ => StateKind.Unknown,
        };

    public static string Word(HealthState state) =>
        state switch
        {
            HealthState.NotChecked => "Not checked",
            HealthState.Learning => "Learning",
            HealthState.Judged => "Judged",
            _ => state.ToString(),
        };

    /// <summary>Colour of a sparkline: grey until something is wrong.</summary>
    public static string LineClass(HealthState state) =>
        state switch
        {
            HealthState.Critical => "kc",
            HealthState.Warning => "kw",
            HealthState.Info => "ki",
            _ => "kq",
        };

    public static string TextClass(HealthState state) =>
        state switch
        {
            HealthState.Critical => "tc crit",
            HealthState.Warning => "tc warn",
            HealthState.Info => "tc info",
            HealthState.NotChecked or HealthState.Learning => "tc unk",
            HealthState.Judged => "tc sil",
            _ => "",
        };

    /// <summary>A band in words.</summary>
    public static string Expected(double lower, double upper, string unit) => Figures.Range(lower, upper, unit);

    /// <summary>What a saturated thing is, in one word, so that several kinds can share a column.</summary>
    public static string Resource(string watch) =>
        Resources.FirstOrDefault(one => watch.Contains(one.Part, StringComparison.OrdinalIgnoreCase)).Word ?? "";

    public static string Signal(WatchSignal signal) =>
        signal switch
        {
            WatchSignal.Errors => "Errors",
            WatchSignal.Rate => "Rate",
            WatchSignal.Duration => "Duration",
            _ => signal.ToString(),
        };

    public static string Origin(CatalogueOrigin origin) =>
        origin switch
        {
            CatalogueOrigin.Discovered => "discovered",
            CatalogueOrigin.Accepted => "accepted",
            CatalogueOrigin.Edited => "edited",
            _ => "ignored",
        };

    public static string Tier(ServiceTier tier) =>
        tier switch
        {
            ServiceTier.Critical => "critical",
            ServiceTier.BestEffort => "best effort",
            _ => "standard",
        };

    private static readonly (string Part, string Word)[] Resources =
    [
        ("cpu", "cpu"),
        ("pool", "pool"),
        ("connection", "conn"),
        ("memory", "mem"),
        ("heap", "heap"),
        ("working set", "mem"),
        ("disk", "disk"),
        ("file descriptor", "files"),
        ("garbage", "gc"),
        ("queue", "queue"),
        ("task", "tasks"),
        ("load", "load"),
        ("hit ratio", "hits"),
        ("client", "conn"),
    ];
}
