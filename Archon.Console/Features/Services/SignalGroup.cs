using System.Text.RegularExpressions;

namespace Archon.Features.Services;

/// <summary>Watches of one service that are read together. The first is what the chart is about: its value and its band are shown.</summary>
/// <param name="Title">Such as <c>HTTP latency</c>.</param>
public sealed partial record SignalGroup(string Title, IReadOnlyList<ServiceWatchRow> Watches)
{
    /// <summary>The quantile that people set their goals by, and the errors that are the service's own fault.</summary>
    private static readonly string[] Main = ["P95", "5xx"];

    public ServiceWatchRow First => Watches[0];

    /// <summary>Quantiles of one latency, and kinds of errors, become lines of one chart; every other watch has one of its own. The order stays that of the watches.</summary>
    /// <remarks>A watch that has several series here stays alone: three quantiles of five instances cannot be told apart.</remarks>
    public static IReadOnlyList<SignalGroup> Of(IEnumerable<ServiceWatchRow> watches) =>
        [
            .. watches
                .Select(watch => (Watch: watch, Name: watch.Series == 1 ? Parts(watch.Name) : null))
                .GroupBy(one =>
                    (one.Name?.Title, one.Watch.Signal, one.Watch.Unit, one.Watch.Step, Alone: one.Name is null ? one.Watch.Id : 0)
                )
                .Select(group =>
                    group.Count() == 1
                        ? new SignalGroup(group.First().Watch.Name, [group.First().Watch])
                        : new SignalGroup(
                            group.Key.Title!,
                            [.. group.OrderBy(one => !Main.Contains(one.Name!.Value.Part)).Select(one => one.Watch)]
                        )
                ),
        ];

    /// <summary>What tells a watch from the others of its group: <c>P95</c>.</summary>
    public string LineName(ServiceWatchRow watch) => Watches.Count > 1 && Parts(watch.Name) is var (_, part) ? part : watch.Name;

    /// <summary><c>HTTP latency P95</c> is the part <c>P95</c> of <c>HTTP latency</c>, <c>HTTP client errors (4xx)</c> the part <c>4xx</c> of <c>HTTP errors</c>.</summary>
    private static (string Title, string Part)? Parts(string name) =>
        Quantile().Match(name) is { Success: true } quantile ? (quantile.Groups[1].Value, quantile.Groups[2].Value)
        : Errors().Match(name) is { Success: true } errors ? ($"{errors.Groups[1].Value} errors", errors.Groups[2].Value)
        : null;

    [GeneratedRegex("^(.+) (P[0-9]+)$", RegexOptions.CultureInvariant)]
    private static partial Regex Quantile();

    [GeneratedRegex("^(.+?)(?: client)? errors \\(([45]xx)\\)$", RegexOptions.CultureInvariant)]
    private static partial Regex Errors();
}
