using System.Globalization;
using Archon.Data.Catalogue;
using Archon.Integrations.Prometheus;

namespace Archon.Features.Watches.Discovery;

/// <summary>A watch that fits every estate with certain metrics: one query for all its services.</summary>
/// <param name="Key">Names the template for ever, such as <c>http-rate-otel</c>.</param>
/// <param name="Requires">Metrics that must all exist on the server.</param>
/// <param name="Pattern">
/// PromQL; <c>$window</c> stands for the length of a rate, <c>$service</c> for the labels that name a service.
/// </param>
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
    /// <summary>Groups by what names a service. A label that a metric lacks is simply left out of its groups.</summary>
    internal const string Service = "$service";

    /// <summary>Groups by service and by the program that was asked.</summary>
    internal const string Instance = $"{Service}, instance";

    private static readonly string[] ServiceLabels = ["job", "service", "namespace"];

    /// <summary>Labels that tell services of one job apart on the metrics of this template, besides <c>service</c> and <c>namespace</c>.</summary>
    public IReadOnlyList<string> IdentityLabels { get; init; } = [];

    /// <summary>Labels that have too many values to group by.</summary>
    public IReadOnlyList<string> CrowdedLabels { get; init; } = [];

    /// <summary>Who carries one of these metrics is left out: another watch has it.</summary>
    public IReadOnlyList<string> Unless { get; init; } = [];

    public string Query(TimeSpan window) =>
        Written(
            string.Concat(
                Unless
                    .Select(metric => $" unless on ({Service}) count by ({Service}) ({PromqlText.Selector(metric)})")
                    .Prepend(Unless.Count == 0 ? Pattern : $"({Pattern})")
            ),
            window
        );

    public string? VolumeQuery(TimeSpan window) => VolumePattern is null ? null : Written(VolumePattern, window);

    private string Written(string pattern, TimeSpan window) =>
        pattern
            .Replace("$window", string.Create(CultureInfo.InvariantCulture, $"{(long)window.TotalSeconds}s"), StringComparison.Ordinal)
            .Replace(
                Service,
                string.Join(", ", ServiceLabels.Concat(IdentityLabels).Except(CrowdedLabels).Select(PromqlText.Label)),
                StringComparison.Ordinal
            );
}
