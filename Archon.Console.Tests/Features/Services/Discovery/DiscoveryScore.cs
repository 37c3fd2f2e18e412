namespace Archon.Tests.Features.Services.Discovery;

/// <summary>How many of those found are right, and how many of those expected were found. What is optional counts in neither.</summary>
internal sealed record Share(int Right, int Found, int Met, int Expected)
{
    public double Precision => Found == 0 ? 1 : (double)Right / Found;
    public double Recall => Expected == 0 ? 1 : (double)Met / Expected;

    public static Share operator +(Share one, Share other) =>
        new(one.Right + other.Right, one.Found + other.Found, one.Met + other.Met, one.Expected + other.Expected);
}

/// <summary>What was found, compared with what was expected.</summary>
/// <param name="WrongKinds">Services that are right but for their kind.</param>
/// <param name="WrongUnits">Signals that are right but for their unit.</param>
/// <param name="Differences">A sentence for each miss, each that is too many, and each wrong kind or unit.</param>
internal sealed record DiscoveryScore(Share Services, Share Signals, int WrongKinds, int WrongUnits, IReadOnlyList<string> Differences)
{
    public static DiscoveryScore None { get; } = new(new Share(0, 0, 0, 0), new Share(0, 0, 0, 0), 0, 0, []);

    public static DiscoveryScore operator +(DiscoveryScore one, DiscoveryScore other) =>
        new(
            one.Services + other.Services,
            one.Signals + other.Signals,
            one.WrongKinds + other.WrongKinds,
            one.WrongUnits + other.WrongUnits,
            [.. one.Differences, .. other.Differences]
        );

    public static DiscoveryScore Of(ExpectedDiscovery expected, FoundDiscovery found)
    {
        var differences = new List<string>();
        var (matches, wrongKinds) = Match(expected, found, differences);
        var required = expected.Services.Count(service => !service.Optional);
        var right = matches.Values.Count(service => service is { Optional: false });
        var services = new Share(right, right + matches.Values.Count(service => service is null), right, required);
        var (signals, wrongUnits) = Compare(expected, found, matches, differences);
        return new DiscoveryScore(services, signals, wrongKinds, wrongUnits, differences);
    }

    /// <summary>To each service that was found the one that was expected; null where none was. An expected one is found once.</summary>
    private static (Dictionary<FoundService, ExpectedService?> Matches, int WrongKinds) Match(
        ExpectedDiscovery expected,
        FoundDiscovery found,
        List<string> differences
    )
    {
        var matches = new Dictionary<FoundService, ExpectedService?>();
        var wrongKinds = 0;
        foreach (var service in found.Services)
        {
            var match = expected
                .Services.Where(one => !matches.ContainsValue(one) && one.Is(service))
                .OrderByDescending(one => Wildcard.Any(one.Name, service.Name))
                .FirstOrDefault();
            matches.Add(service, match);
            if (match is null)
            {
                var forbidden = expected.NotServices.Any(name => Wildcard.Matches(name, service.Name));
                differences.Add($"{(forbidden ? "forbidden" : "extra")} service {service.Name} {Text(service.Labels)}");
            }
            else if (!System.Text.RegularExpressions.Regex.IsMatch(service.Kind, $"(?i){match.Kind}"))
            {
                wrongKinds++;
                differences.Add($"kind of {service.Name}: '{service.Kind}', expected {match.Kind}");
            }
        }
        differences.AddRange(
            expected
                .Services.Where(one => !one.Optional && !matches.ContainsValue(one))
                .Select(one => $"missed service {one.Name} {(one.Labels is null ? "" : Text(one.Labels))}")
        );
        return (matches, wrongKinds);
    }

    private static (Share Signals, int WrongUnits) Compare(
        ExpectedDiscovery expected,
        FoundDiscovery found,
        Dictionary<FoundService, ExpectedService?> matches,
        List<string> differences
    )
    {
        var met = new HashSet<ExpectedSignal>();
        var (right, extra, wrongUnits) = (0, 0, 0);
        foreach (var signal in found.Signals)
        {
            var names = matches
                .Where(one => one.Key.Name == signal.Service && one.Value is not null)
                .SelectMany(one => one.Value!.Name.Split('|'))
                .Append(signal.Service)
                .ToList();
            var candidates = expected.Signals.Where(one => one.Is(signal) && names.Any(name => Wildcard.Any(one.Service, name))).ToList();
            if (candidates.Count == 0)
            {
                extra++;
                var forbidden = signal.Metrics.Any(metric =>
                    expected.NotMetrics.Any(name => Wildcard.Matches(name, metric) || Wildcard.Matches(name, ExporterText.Family(metric)))
                );
                differences.Add(
                    $"{(forbidden ? "forbidden" : "extra")} {signal.Signal} of {signal.Service}: {string.Join(", ", signal.Metrics)} [{signal.Unit}]"
                );
                continue;
            }
            var match = candidates.OrderBy(one => one.Optional).ThenBy(met.Contains).ThenByDescending(one => one.HasUnit(signal)).First();
            if (!candidates.Exists(one => one.HasUnit(signal)))
            {
                wrongUnits++;
                differences.Add(
                    $"unit of {signal.Signal} of {signal.Service} ({string.Join(", ", signal.Metrics)}): '{signal.Unit}', expected {match.Unit}"
                );
            }
            // A second one with the same meaning is neither right nor wrong.
            if (!match.Optional && met.Add(match))
                right++;
        }
        var missed = expected.Signals.Where(one => !one.Optional && !met.Contains(one)).ToList();
        differences.AddRange(missed.Select(one => $"missed {one.Signal} of {one.Service}: {string.Join(", ", one.Metrics.Take(4))}"));
        return (new Share(right, right + extra, right, right + missed.Count), wrongUnits);
    }

    private static string Text(IReadOnlyDictionary<string, string> labels) =>
        "{" + string.Join(", ", labels.Select(label => $"{label.Key}={label.Value}")) + "}";
}
