using Archon.Analysis.Promql;

namespace Archon.Analysis.Routing;

/// <summary>One route of Alertmanager with those below it, as it is configured.</summary>
/// <param name="Receiver">Null: that of the route above.</param>
/// <param name="Continue">Whether routes after it are tried although it took an alert.</param>
/// <param name="GroupBy">Labels alerts are grouped by, <c>...</c> for all; null: as the route above.</param>
/// <param name="MuteTimes">Names of the intervals in which it does not notify. They do not hold for routes below.</param>
/// <param name="ActiveTimes">Names of the intervals in which alone it does.</param>
public sealed record AlertRoute(
    string? Receiver,
    IReadOnlyList<PromqlMatcher> Matchers,
    bool Continue,
    IReadOnlyList<string>? GroupBy,
    TimeSpan? GroupWait,
    TimeSpan? GroupInterval,
    TimeSpan? RepeatInterval,
    IReadOnlyList<string> MuteTimes,
    IReadOnlyList<string> ActiveTimes,
    IReadOnlyList<AlertRoute> Routes
);

/// <summary>A route that takes an alert, with what it has from those above.</summary>
/// <param name="Path">Matchers from the top to it; empty for the default route.</param>
public sealed record RouteStop(
    string Receiver,
    IReadOnlyList<PromqlMatcher> Path,
    IReadOnlyList<string> GroupBy,
    TimeSpan GroupWait,
    TimeSpan GroupInterval,
    TimeSpan RepeatInterval,
    IReadOnlyList<string> MuteTimes,
    IReadOnlyList<string> ActiveTimes
);

/// <summary>The routing of Alertmanager: given the labels of an alert, the routes that take it.</summary>
/// <remarks>
/// Source: <c>Route.Match</c> and <c>newRoute</c> in <c>dispatch/route.go</c> of Alertmanager 0.25 to 0.33: depth first; the first route that
/// takes an alert ends its level unless it continues; a route below none of which takes it takes it itself.
/// </remarks>
public static class RouteTree
{
    private static readonly RouteStop Default = new(
        "",
        [],
        [],
        TimeSpan.FromSeconds(30),
        TimeSpan.FromMinutes(5),
        TimeSpan.FromHours(4),
        [],
        []
    );

    /// <param name="root">It takes every alert that none below takes.</param>
    /// <param name="labels">A label that is not there is empty.</param>
    /// <returns>At least one, in the order in which they are notified.</returns>
    public static IReadOnlyList<RouteStop> Stops(AlertRoute root, IReadOnlyDictionary<string, string> labels) =>
        Stops(root, Default, labels);

    private static List<RouteStop> Stops(AlertRoute route, RouteStop above, IReadOnlyDictionary<string, string> labels)
    {
        if (!route.Matchers.All(matcher => matcher.Matches(labels.GetValueOrDefault(matcher.Label, ""))))
            return [];
        var here = new RouteStop(
            route.Receiver ?? above.Receiver,
            [.. above.Path, .. route.Matchers],
            route.GroupBy ?? above.GroupBy,
            route.GroupWait ?? above.GroupWait,
            route.GroupInterval ?? above.GroupInterval,
            route.RepeatInterval ?? above.RepeatInterval,
            route.MuteTimes,
            route.ActiveTimes
        );
        var stops = new List<RouteStop>();
        foreach (var below in route.Routes)
        {
            var taken = Stops(below, here, labels);
            stops.AddRange(taken);
            if (taken.Count > 0 && !below.Continue)
                break;
        }
        return stops.Count > 0 ? stops : [here];
    }
}
