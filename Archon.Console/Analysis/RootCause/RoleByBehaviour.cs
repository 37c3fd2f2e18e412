namespace Archon.Analysis.RootCause;

/// <summary>Roles of metrics whose names say nothing, from how they behave along the calls.</summary>
/// <remarks>
/// Requests are conserved: what a service gets is what its callers send, so of all metrics theirs follow their callers best. What is used
/// up follows the requests of its own service alone, and time follows that of callees besides. Shares that are often near nought are
/// errors, shares that are mostly whole are availability. A family is one metric name at all services, so that one odd service decides
/// nothing.
/// </remarks>
internal static class RoleByBehaviour
{
    private const double Follows = 0.6;
    private const double Climbs = 0.1;

    /// <param name="families">Values of the reference rows, per metric name and service.</param>
    /// <param name="callersOf">Numbers of the callers of a service.</param>
    /// <param name="calleesOf">Numbers of the callees of a service.</param>
    public static Dictionary<string, MetricRole> Infer(
        IReadOnlyDictionary<string, IReadOnlyDictionary<int, double[]>> families,
        Func<int, IEnumerable<int>> callersOf,
        Func<int, IEnumerable<int>> calleesOf
    )
    {
        var roles = new Dictionary<string, MetricRole>(StringComparer.Ordinal);
        var open = new List<string>();
        foreach (var (name, family) in families.OrderBy(family => family.Key, StringComparer.Ordinal))
        {
            var role = ByValues([.. family.Values]);
            if (role == MetricRole.Unknown)
                open.Add(name);
            else
                roles[name] = role;
        }
        var conserved = open.Select(name =>
                (Name: name, Share: Middle(families[name].Select(one => FollowsCallers(one.Key, families[name], callersOf))))
            )
            .OrderByDescending(one => one.Share)
            .ThenBy(one => one.Name, StringComparer.Ordinal)
            .ToList();
        if (conserved.Count == 0 || conserved[0].Share < Follows)
            return roles;
        var requests = conserved[0].Name;
        roles[requests] = MetricRole.Requests;
        foreach (var name in open.Where(name => name != requests))
        {
            var family = families[name];
            var climbs = Middle(
                family.Select(one =>
                    families[requests].TryGetValue(one.Key, out var load)
                        ? Gain(one.Value, load, Of(family, calleesOf(one.Key)))
                        : double.NaN
                )
            );
            roles[name] = climbs >= Climbs ? MetricRole.Latency : MetricRole.Saturation;
        }
        return roles;
    }

    private static MetricRole ByValues(double[][] family)
    {
        var (count, noughts, wholes, largest, least) = (0, 0, 0, 0.0, 0.0);
        foreach (var value in family.SelectMany(values => values))
        {
            if (double.IsNaN(value))
                continue;
            count++;
            noughts += value == 0 ? 1 : 0;
            wholes += value is 1 or 100 ? 1 : 0;
            (largest, least) = (Math.Max(largest, value), Math.Min(least, value));
        }
        if (count == 0 || least < 0)
            return MetricRole.Unknown;
        if (largest is 1 or 100 && wholes > 0.5 * count)
            return MetricRole.Availability;
        if (largest > 1)
            return MetricRole.Unknown;
        // A share that often comes near nothing fails by chance; times and loads have a level they seldom halve.
        return noughts > 0.02 * count || Middle(family.Select(Dip)) < 0.5 ? MetricRole.Errors : MetricRole.Unknown;
    }

    private static double Dip(double[] values)
    {
        var sorted = new double[values.Length];
        var known = sorted.AsSpan(0, Robust.Sort(values, sorted));
        return Robust.Quantile(known, 0.5) is > 0 and var middle ? Robust.Quantile(known, 0.05) / middle : double.NaN;
    }

    private static double FollowsCallers(int service, IReadOnlyDictionary<int, double[]> family, Func<int, IEnumerable<int>> callersOf)
    {
        var callers = Of(family, callersOf(service));
        return callers.Count == 0 ? double.NaN : 1 - Left(family[service], callers);
    }

    /// <summary>The share of what its own load leaves that its callees explain.</summary>
    private static double Gain(double[] values, double[] load, List<double[]> callees)
    {
        if (callees.Count == 0)
            return double.NaN;
        var alone = Left(values, [Filled(load)]);
        return alone > 0 ? 1 - (Left(values, [Filled(load), .. callees]) / alone) : double.NaN;
    }

    /// <summary>The share of the variance that parents leave, 0 to 1; NaN for a constant.</summary>
    private static double Left(double[] values, List<double[]> parents)
    {
        var mechanism = new Mechanism();
        foreach (var parent in parents)
            mechanism.Allow(parent, double.PositiveInfinity);
        var scratch = new double[values.Length];
        var (left, all) = (Robust.Noise(mechanism.Explain(values, values.Length).Residual, scratch), Robust.Noise(values, scratch));
        return all.Deviation > 0 ? Math.Pow(left.Deviation / all.Deviation, 2) : double.NaN;
    }

    private static List<double[]> Of(IReadOnlyDictionary<int, double[]> family, IEnumerable<int> services) =>
        [.. services.Where(family.ContainsKey).Select(service => Filled(family[service]))];

    private static double[] Filled(double[] values)
    {
        var usual = Robust.Median(values, new double[values.Length]);
        return Array.ConvertAll(
            values,
            value =>
                !double.IsNaN(value) ? value
                : double.IsNaN(usual) ? 0
                : usual
        );
    }

    private static double Middle(IEnumerable<double> figures)
    {
        var values = figures.ToArray();
        var middle = Robust.Median(values, new double[values.Length]);
        return double.IsNaN(middle) ? double.NegativeInfinity : middle;
    }
}
