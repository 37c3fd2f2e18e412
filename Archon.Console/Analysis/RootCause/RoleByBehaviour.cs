namespace Archon.Analysis.RootCause;

/// <summary>Roles of metrics whose names say nothing, from how they behave along the calls.</summary>
/// <remarks>
/// Requests are conserved: what a service gets is what its callers send, so of all metrics theirs follow their callers best. What is used
/// up follows the requests of its own service alone, and time follows that of callees besides. Shares that are often near nought are
/// errors, shares that are mostly whole are availability. A family is one metric name at all services, so that one odd service decides
/// nothing.
/// </remarks>
/// <param name="families">Values of all rows, per metric name and service.</param>
/// <param name="callersOf">Numbers of the callers of a service.</param>
/// <param name="calleesOf">Numbers of the callees of a service.</param>
/// <param name="isOfCallers">Whether these services are callers and those that call nobody are missing.</param>
internal sealed class RoleByBehaviour(
    IReadOnlyDictionary<string, IReadOnlyDictionary<int, double[]>> families,
    Func<int, IEnumerable<int>> callersOf,
    Func<int, IEnumerable<int>> calleesOf,
    Func<IEnumerable<int>, bool> isOfCallers
)
{
    private const double Follows = 0.6;
    private const double Misnamed = 4;
    private const double Climbs = 0.1;

    private readonly Dictionary<string, double> conserved = new(StringComparer.Ordinal);

    /// <summary>Whether another metric runs along the calls far more exactly than any of those named for requests.</summary>
    public bool Misnames(IReadOnlyCollection<string> requests)
    {
        var named = requests.Max(Conserved);
        return double.IsFinite(named)
            && families.Keys.Where(name => !requests.Contains(name) && !IsShared(families[name])).Select(Conserved).DefaultIfEmpty(0).Max()
                is >= Follows
                    and var best
            && 1 - named > Misnamed * (1 - best);
    }

    /// <param name="names">Metrics whose role is asked for.</param>
    public Dictionary<string, MetricRole> Infer(IReadOnlyCollection<string> names)
    {
        var roles = new Dictionary<string, MetricRole>(StringComparer.Ordinal);
        var open = new List<string>();
        IReadOnlyDictionary<int, double[]>? calls = null;
        foreach (var name in names.Order(StringComparer.Ordinal))
        {
            var family = families[name];
            var role = ByValues([.. family.Values]);
            // What several services report to the last digit is that of the host they share.
            if (role == MetricRole.Unknown && IsShared(family))
                role = MetricRole.Saturation;
            if (role == MetricRole.Unknown && isOfCallers(family.Keys))
            {
                role = MetricRole.Latency;
                if (calls is null || Loudness(family) < Loudness(calls))
                    calls = family;
            }
            if (role == MetricRole.Unknown)
                open.Add(name);
            else
                roles[name] = role;
        }
        var requests = open.OrderByDescending(Conserved).ThenBy(name => name, StringComparer.Ordinal).FirstOrDefault();
        if (requests is null || Conserved(requests) < Follows)
            return roles;
        roles[requests] = MetricRole.Requests;
        foreach (var name in open.Where(name => name != requests))
        {
            var family = families[name];
            var climbs = Middle(
                family.Select(one =>
                    families[requests].TryGetValue(one.Key, out var load)
                        ? Gain(one.Value, load, [.. Of(family, calleesOf(one.Key)), .. calls is null ? [] : Of(calls, [one.Key])])
                        : double.NaN
                )
            );
            roles[name] = climbs >= Climbs ? MetricRole.Latency : MetricRole.Saturation;
        }
        // Two quantiles of one time are as far apart at every service; the outer ones are too noisy to show what they follow.
        var times = open.Where(name => roles[name] == MetricRole.Latency).ToList();
        foreach (var name in open.Where(name => roles[name] == MetricRole.Saturation).ToList())
        {
            if (times.Exists(time => IsSibling(families[name], families[time])))
                roles[name] = MetricRole.Latency;
        }
        return roles;
    }

    /// <summary>The share of what a metric does that its callers explain, at the middle service.</summary>
    private double Conserved(string name) =>
        conserved.TryGetValue(name, out var known)
            ? known
            : conserved[name] = Middle(families[name].Select(one => FollowsCallers(one.Key, families[name])));

    private static bool IsShared(IReadOnlyDictionary<int, double[]> family)
    {
        var alike = family
            .Values.GroupBy(values => string.Join('|', values.Where(value => !double.IsNaN(value) && value != 0).Take(5)))
            .Where(one => one.Key.Length > 0);
        return 2 * alike.Where(one => one.Count() > 1).Sum(one => one.Count()) > family.Count;
    }

    private static bool IsSibling(IReadOnlyDictionary<int, double[]> family, IReadOnlyDictionary<int, double[]> other)
    {
        var levels = family
            .Where(one => other.ContainsKey(one.Key))
            .Select(one => (Math.Log(Usual(one.Value)), Math.Log(Usual(other[one.Key]))))
            .Where(one => double.IsFinite(one.Item1) && double.IsFinite(one.Item2))
            .ToList();
        return levels.Count >= 4 && Spread(levels.Select(one => one.Item1 - one.Item2)) < 0.3 * Spread(levels.Select(one => one.Item2));
    }

    private static double Loudness(IReadOnlyDictionary<int, double[]> family) =>
        Middle(
            family.Values.Select(values => Robust.Noise(values, new double[values.Length])).Select(noise => noise.Deviation / noise.Mean)
        );

    private static double Usual(double[] values) => Robust.Median(values, new double[values.Length]);

    private static double Spread(IEnumerable<double> figures)
    {
        var values = figures.ToArray();
        var mean = values.Average();
        return Math.Sqrt(values.Average(value => (value - mean) * (value - mean)));
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
        if (largest is 1 or 100 && (wholes > 0.5 * count || Middle(family.Select(LeastUsual)) > 0.9 * largest))
            return MetricRole.Availability;
        if (largest > 1)
            return MetricRole.Unknown;
        // A share that often comes near nothing fails by chance; times and loads have a level they seldom halve.
        return noughts > 0.02 * count || Middle(family.Select(Dip)) < 0.5 ? MetricRole.Errors : MetricRole.Unknown;
    }

    private static double LeastUsual(double[] values)
    {
        var sorted = new double[values.Length];
        return Robust.Quantile(sorted.AsSpan(0, Robust.Sort(values, sorted)), 0.25);
    }

    private static double Dip(double[] values)
    {
        var sorted = new double[values.Length];
        var known = sorted.AsSpan(0, Robust.Sort(values, sorted));
        return Robust.Quantile(known, 0.5) is > 0 and var middle ? Robust.Quantile(known, 0.05) / middle : double.NaN;
    }

    private double FollowsCallers(int service, IReadOnlyDictionary<int, double[]> family)
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
        // More parents explain more by chance alone.
        var chance = 1 - ((double)callees.Count / Math.Max(callees.Count + 1, values.Length / 2));
        return alone > 0 ? 1 - (Left(values, [Filled(load), .. callees]) / alone / chance) : double.NaN;
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
