using System.Globalization;
using Archon.Data.Catalogue;

namespace Archon.Features.Watches;

/// <summary>A watch that fits every estate with certain metrics: one query for all its services.</summary>
/// <param name="Key">Names the template for ever, such as <c>http-rate-otel</c>.</param>
/// <param name="Requires">Metrics that must all exist on the server.</param>
/// <param name="Pattern">PromQL; <c>$window</c> stands for the length of a rate.</param>
/// <param name="Probe">PromQL that must find something; null when the metrics say enough.</param>
/// <param name="Limit">The value that must not be reached; null where there is none.</param>
/// <param name="LimitSide">Whether growth or decline reaches it.</param>
/// <param name="VolumePattern">PromQL of how many requests stand behind each value; null where a value needs none.</param>
public sealed record WatchTemplate(
    string Key,
    string Name,
    WatchSignal Signal,
    string Unit,
    AnomalyDirection Interesting,
    IReadOnlyList<string> Requires,
    string Pattern,
    string? Probe = null,
    double? Limit = null,
    LimitSide LimitSide = LimitSide.Ceiling,
    string? VolumePattern = null
)
{
    public string Query(TimeSpan window) => Written(Pattern, window);

    public string? VolumeQuery(TimeSpan window) => VolumePattern is null ? null : Written(VolumePattern, window);

    private static string Written(string pattern, TimeSpan window) =>
        pattern.Replace("$window", string.Create(CultureInfo.InvariantCulture, $"{(long)window.TotalSeconds}s"), StringComparison.Ordinal);
}
