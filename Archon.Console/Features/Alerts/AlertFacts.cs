using System.Security.Cryptography;
using System.Text;
using Archon.Analysis.Promql;
using Archon.Analysis.Series;
using Archon.Data.Alerts;

namespace Archon.Features.Alerts;

/// <summary>What follows from the labels and the texts of one alert, all of which others chose.</summary>
internal static class AlertFacts
{
    public const string NameLabel = "alertname";
    public const string SeverityLabel = "severity";
    public const string TeamLabel = "team";

    /// <summary>All names and values of one alert that are kept.</summary>
    private const int MostCharacters = 8_000;
    public const int LongestText = 2_000;

    private static readonly HashSet<string> Critical = new(StringComparer.OrdinalIgnoreCase)
    {
        "critical",
        "crit",
        "page",
        "pager",
        "fatal",
        "emergency",
        "disaster",
        "p0",
        "p1",
        "sev0",
        "sev1",
    };

    private static readonly HashSet<string> Info = new(StringComparer.OrdinalIgnoreCase)
    {
        "info",
        "information",
        "informational",
        "notice",
        "none",
        "debug",
        "low",
        "p4",
        "p5",
        "sev4",
        "sev5",
    };

    /// <summary>Alerts of well-known rule collections that fire always.</summary>
    private static readonly HashSet<string> Heartbeats = new(StringComparer.OrdinalIgnoreCase)
    {
        "Watchdog",
        "DeadMansSwitch",
        "DeadMansSnitch",
        "InfoInhibitor",
    };

    /// <summary>A severity that is missing or unknown counts as a warning: somebody wrote the rule to be notified.</summary>
    public static AlertSeverity SeverityOf(IReadOnlyDictionary<string, string> labels) =>
        labels.GetValueOrDefault(SeverityLabel) is not { } severity ? AlertSeverity.Warning
        : Critical.Contains(severity) ? AlertSeverity.Critical
        : Info.Contains(severity) ? AlertSeverity.Info
        : AlertSeverity.Warning;

    /// <summary>The same by which a person's response to a firing is kept.</summary>
    public static string Fingerprint(IReadOnlyDictionary<string, string> labels) =>
        Convert.ToHexStringLower(
            SHA256.HashData(Encoding.UTF8.GetBytes(new SeriesLabels(new Dictionary<string, string>(labels, StringComparer.Ordinal)).Key))
        );

    public static bool IsHeartbeat(string name) => Heartbeats.Contains(name);

    /// <summary>An expression that reads no series, such as <c>vector(1)</c>, fires whatever happens.</summary>
    public static bool ReadsNothing(string expression) =>
        PromqlParser.Parse(expression, out _) is { } parsed && !parsed.All().Any(part => part is PromqlSelector);

    /// <summary>As many names and values as are kept, those that say what the alert is first.</summary>
    public static Dictionary<string, string> Bounded(IReadOnlyDictionary<string, string> texts)
    {
        var kept = new Dictionary<string, string>(StringComparer.Ordinal);
        var left = MostCharacters;
        foreach (
            var (name, value) in texts
                .OrderBy(text => text.Key is NameLabel or SeverityLabel ? 0 : 1)
                .ThenBy(text => text.Key, StringComparer.Ordinal)
        )
        {
            var text = Clean(value, Math.Min(LongestText, left - name.Length));
            if (name.Length > left || (text.Length == 0 && value.Length > 0))
                continue;
            left -= name.Length + text.Length;
            kept[Clean(name)] = text;
        }
        return kept;
    }

    /// <summary>A text that fits a column: PostgreSQL stores no zero byte.</summary>
    public static string Clean(string text, int most = LongestText) => Short(text, most).Replace('\0', '\uFFFD');

    /// <summary>The text itself, or its beginning.</summary>
    public static string Short(string text, int most)
    {
        if (text.Length <= most)
            return text;
        if (most < 1)
            return "";
        // Not in the middle of a character of two.
        return text[..(char.IsHighSurrogate(text[most - 1]) ? most - 1 : most)];
    }

    /// <summary>To three significant digits, as pages show it: a value that only trembles is no news.</summary>
    public static double? Rounded(double value)
    {
        if (double.IsNaN(value))
            return null;
        if (value == 0 || double.IsInfinity(value))
            return value;
        var digits = 2 - (int)Math.Floor(Math.Log10(Math.Abs(value)));
        var scale = Math.Pow(10, Math.Abs(digits));
        var rounded = digits < 0 ? Math.Round(value / scale) * scale : Math.Round(value * scale) / scale;
        return double.IsFinite(rounded) ? rounded : value;
    }
}
