using System.Text.Json;
using System.Text.RegularExpressions;

namespace Archon.Tests.Features.Services.Discovery;

/// <summary>What a person on call expects discovery to find in one or several texts of <c>/metrics</c>. README.md describes the fields.</summary>
internal sealed record ExpectedDiscovery(
    string About,
    ExpectedTarget? Target,
    IReadOnlyList<ExpectedTarget>? Targets,
    IReadOnlyList<ExpectedService> Services,
    IReadOnlyList<ExpectedSignal> Signals,
    IReadOnlyList<string> NotServices,
    IReadOnlyList<string> NotMetrics,
    string? Note
)
{
    private static readonly JsonSerializerOptions Options = new(JsonSerializerDefaults.Web)
    {
        RespectRequiredConstructorParameters = false,
        UnmappedMemberHandling = System.Text.Json.Serialization.JsonUnmappedMemberHandling.Disallow,
    };

    /// <summary>Names of all answers, such as <c>debian-redis</c>, in order.</summary>
    public static IReadOnlyList<string> Names { get; } =
    [
        .. ExporterText
            .Resources.Where(name => name.EndsWith(".json", StringComparison.Ordinal))
            .Select(name => Path.GetFileNameWithoutExtension(name))
            .Order(StringComparer.Ordinal),
    ];

    public static ExpectedDiscovery Read(string name) =>
        JsonSerializer.Deserialize<ExpectedDiscovery>(ExporterText.Resource($"{name}.json"), Options)!;

    /// <summary>What a Prometheus has to scrape for the answer of that name: once for each format in which its text is recorded.</summary>
    public IEnumerable<(string Title, IReadOnlyList<ExpectedTarget> Targets)> Cases(string name)
    {
        if (Targets is not null)
            return [(name, Targets)];
        return ExporterText
            .Resources.Where(text => text == $"{name}.prom" || text == $"{name}.openmetrics")
            .OrderDescending(StringComparer.Ordinal)
            .Select(text => (text, (IReadOnlyList<ExpectedTarget>)[Target! with { Text = text }]));
    }
}

/// <param name="Text">File that the target responds with.</param>
internal sealed record ExpectedTarget(string Job, string Instance, IReadOnlyDictionary<string, string>? Labels = null, string Text = "");

/// <param name="Name">One name, or several with a bar between them.</param>
/// <param name="Kind">Regular expression that some part of the kind matches.</param>
internal sealed record ExpectedService(string Name, string Kind, IReadOnlyDictionary<string, string>? Labels = null, bool Optional = false)
{
    public bool Is(FoundService found) =>
        Wildcard.Any(Name, found.Name)
        || (Labels is { Count: > 0 } && Labels.All(label => found.Labels.TryGetValue(label.Key, out var value) && value == label.Value));
}

/// <param name="Signal">One of traffic, errors, latency and saturation, or several with a bar between them.</param>
/// <param name="Metrics">Names of which one is enough; an asterisk matches any characters.</param>
/// <param name="Unit">One unit, or several with a bar between them; null where any will do.</param>
internal sealed record ExpectedSignal(
    string Service,
    string Signal,
    IReadOnlyList<string> Metrics,
    string? Unit = null,
    bool Optional = false
)
{
    public bool Is(FoundSignal found) =>
        Signal.Split('|').Contains(found.Signal)
        && found.Metrics.Any(metric =>
            Metrics.Any(name => Wildcard.Matches(name, ExporterText.Family(metric)) || Wildcard.Matches(name, metric))
        );

    public bool HasUnit(FoundSignal found) => Unit is null || Unit.Split('|').Any(unit => Plain(unit) == Plain(found.Unit));

    /// <summary>Shares and percents are one unit, and so are things of any kind.</summary>
    private static string Plain(string unit) =>
        unit switch
        {
            "ratio" or "percent" or "%" => "1",
            "bytes" => "By",
            "bytes/s" => "By/s",
            "kilobytes/s" => "kB/s",
            "cores" or "s/s" => "{cpu}",
            "{cpu}" => unit,
            _ when Regex.IsMatch(unit, @"^(\{[^}]*\}|1)/s$") => "1/s",
            _ when Regex.IsMatch(unit, @"^(\{[^}]*\}|count)$") => "count",
            _ => unit,
        };
}

/// <param name="Labels">Labels that its series carry.</param>
internal sealed record FoundService(string Name, string Kind, IReadOnlyDictionary<string, string> Labels);

/// <param name="Service">Name of a service that was found.</param>
/// <param name="Signal">traffic, errors, latency or saturation.</param>
/// <param name="Metrics">Names of the series that it is computed from.</param>
internal sealed record FoundSignal(string Service, string Signal, IReadOnlyList<string> Metrics, string Unit);

internal sealed record FoundDiscovery(IReadOnlyList<FoundService> Services, IReadOnlyList<FoundSignal> Signals);

/// <summary>Names with asterisks for any characters.</summary>
internal static class Wildcard
{
    public static bool Matches(string pattern, string text) =>
        pattern.Contains('*', StringComparison.Ordinal)
            ? Regex.IsMatch(text, $"^{Regex.Escape(pattern).Replace("\\*", ".*", StringComparison.Ordinal)}$")
            : pattern == text;

    /// <summary>Any of several with a bar between them, whatever the case.</summary>
    public static bool Any(string patterns, string text) =>
        patterns.Split('|').Any(pattern => Matches(pattern.ToLowerInvariant(), text.ToLowerInvariant()));
}
