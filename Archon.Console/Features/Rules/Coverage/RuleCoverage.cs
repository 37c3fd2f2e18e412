using Archon.Analysis;
using Archon.Analysis.Promql;
using Archon.Data.Catalogue;
using Archon.Features.Services;

namespace Archon.Features.Rules.Coverage;

/// <param name="IsAlert">False for a recording rule, which covers nothing by itself.</param>
public sealed record CoverageRule(int Id, string Name, bool IsAlert, string Expression);

public sealed record CoverageWatch(int Id, string Name, WatchSignal Signal, string Query);

/// <param name="Matchers">Labels by which a series belongs to it.</param>
/// <param name="Watches">The watches that have series of it, with the values that each label has there.</param>
public sealed record CoverageService(
    int Id,
    string Name,
    IReadOnlyDictionary<string, string> Matchers,
    IReadOnlyDictionary<int, IReadOnlyDictionary<string, IReadOnlySet<string>>> Watches
);

public enum CoverageState
{
    /// <summary>An alert reads what a watch of the signal reads.</summary>
    Covered,

    /// <summary>There are samples and no alert.</summary>
    Bare,

    /// <summary>No watch has samples of this signal here.</summary>
    NoMetric,

    /// <summary>The watch's query could not be read, so nobody knows.</summary>
    NotChecked,
}

/// <param name="Rules">The first of those that cover it.</param>
/// <param name="RulesInAll">How many cover it.</param>
/// <param name="Watch">The one that stands for the signal; null where there is none.</param>
public sealed record CoverageCell(
    GoldenSignal Column,
    CoverageState State,
    IReadOnlyList<CoverageRule> Rules,
    int RulesInAll,
    CoverageWatch? Watch
);

public sealed record CoverageRow(int ServiceId, string Service, IReadOnlyList<CoverageCell> Cells)
{
    /// <summary>A signal has samples and no alert, or nobody knows.</summary>
    public bool HasGap => Cells.Any(cell => cell.State is CoverageState.Bare or CoverageState.NotChecked);
}

/// <param name="Unread">Rules whose expression, or a recorded series in it, could not be read: they cover nothing here, whatever they do.</param>
public sealed record CoverageTable(IReadOnlyList<CoverageRow> Rows, IReadOnlyList<CoverageRule> Unread)
{
    private readonly Lazy<IReadOnlyDictionary<CoverageState, int>> counts = new(() =>
        Rows.SelectMany(row => row.Cells).CountBy(cell => cell.State).ToDictionary()
    );

    public int Count(CoverageState state) => counts.Value.GetValueOrDefault(state);
}

/// <summary>Says which alert covers which signal of which service.</summary>
/// <remarks>
/// An alert covers a signal of a service when its expression reads a metric that a watch of the signal reads there, and its matchers do not exclude the
/// service. Recorded series stand for what they are recorded from. What only stands below a division line, or only guards by <c>and</c> or <c>unless</c>,
/// is not what an expression is about. Errors are told from other requests by a label such as the status: an alert covers them only where it asks for that
/// label, and covers the rate only where it does not.
/// </remarks>
public sealed class RuleCoverage
{
    private const string Bucket = "le";

    /// <summary>Rules that a cell names; of the others it keeps the number.</summary>
    public const int RulesKept = 3;

    // Recording rules that each read the one before twice would double it every time.
    private const int MostSelectors = 1000;

    private readonly Dictionary<string, List<PromqlExpression?>> recorded;
    private readonly HashSet<string> ownLabels;

    private RuleCoverage(IReadOnlyList<CoverageRule> rules, IReadOnlyList<CoverageService> services)
    {
        recorded = rules
            .Where(rule => !rule.IsAlert)
            .GroupBy(rule => rule.Name, StringComparer.Ordinal)
            .ToDictionary(
                group => group.Key,
                group => group.Select(rule => PromqlParser.Parse(rule.Expression, out _)).ToList(),
                StringComparer.Ordinal
            );
        ownLabels = services
            .SelectMany(service => service.Matchers.Keys)
            .Append(PromqlMatcher.Name)
            .Append(Bucket)
            .ToHashSet(StringComparer.Ordinal);
    }

    public static CoverageTable Of(
        IReadOnlyList<CoverageRule> rules,
        IReadOnlyList<CoverageWatch> watches,
        IReadOnlyList<CoverageService> services
    )
    {
        var coverage = new RuleCoverage(rules, services);
        var read = rules.Where(rule => rule.IsAlert).Select(rule => (Rule: rule, Reads: coverage.Reads(rule.Expression))).ToList();
        var watched = watches.ToDictionary(watch => watch.Id, watch => (Watch: watch, Reads: coverage.Reads(watch.Query)));
        // Labels that tell an error from a success, per metric.
        var telling = new Dictionary<string, HashSet<string>>(StringComparer.Ordinal);
        foreach (var selector in watched.Values.Where(one => one.Watch.Signal == WatchSignal.Errors).SelectMany(one => one.Reads.Selectors))
        {
            if (selector.OneMetric is not { } metric)
                continue;
            if (!telling.TryGetValue(metric, out var labels))
                telling[metric] = labels = new HashSet<string>(StringComparer.Ordinal);
            labels.UnionWith(coverage.Telling(selector));
        }
        var alerts = watched.ToDictionary(
            one => one.Key,
            one => new AlertsOfWatch(
                read.SelectMany(
                    (alert, place) =>
                        alert
                            .Reads.Selectors.Where(asked =>
                                one.Value.Reads.Selectors.Any(selector => IsAbout(alert.Reads, asked, selector, one.Value.Watch))
                            )
                            .Select(asked =>
                                (place, Matchers: asked.Matchers.Where(matcher => matcher.Label != PromqlMatcher.Name).ToArray())
                            )
                )
            )
        );
        return new CoverageTable(
            [
                .. services.Select(service => new CoverageRow(
                    service.Id,
                    service.Name,
                    [.. Enum.GetValues<GoldenSignal>().Select(column => Cell(service, column))]
                )),
            ],
            [.. read.Where(one => !one.Reads.IsWhole).Select(one => one.Rule)]
        );

        bool IsAbout(Read reads, PromqlSelector asked, PromqlSelector selector, CoverageWatch watch)
        {
            try
            {
                return coverage.IsAbout(asked, selector, watch, telling);
            }
            catch (InputLimitException)
            {
                reads.IsWhole = false; // the metric is named by a regular expression that is too large to be matched here
                return false;
            }
        }

        CoverageCell Cell(CoverageService service, GoldenSignal column)
        {
            var own = service.Watches.Keys.Where(watched.ContainsKey).Select(id => watched[id]).ToList();
            var fits = own.Select(one => HealthAssessor.Fits(column, one.Watch.Signal)).DefaultIfEmpty(HealthAssessor.NoFit).Min();
            if (fits == HealthAssessor.NoFit)
                return new CoverageCell(column, CoverageState.NoMetric, [], 0, null);
            var best = own.Where(one => HealthAssessor.Fits(column, one.Watch.Signal) == fits).OrderBy(one => one.Watch.Id).ToList();
            var covering = new SortedSet<int>();
            var isWhole = best.All(one => one.Reads.IsWhole);
            foreach (var one in best)
                isWhole &= alerts[one.Watch.Id].AddCovering(service, service.Watches[one.Watch.Id], covering);
            var state =
                covering.Count > 0 ? CoverageState.Covered
                : isWhole ? CoverageState.Bare
                : CoverageState.NotChecked;
            return new CoverageCell(
                column,
                state,
                [.. covering.Take(RulesKept).Select(place => read[place].Rule)],
                covering.Count,
                best[0].Watch
            );
        }
    }

    /// <summary>Whether a selector of an alert reads what a selector of a watch reads, for some service.</summary>
    private bool IsAbout(PromqlSelector asked, PromqlSelector watched, CoverageWatch watch, Dictionary<string, HashSet<string>> telling)
    {
        if (watched.OneMetric is not { } metric || !IsOf(asked, metric))
            return false;
        var labels = telling.GetValueOrDefault(metric);
        if (watch.Signal == WatchSignal.Errors)
        {
            // Of an errors watch the selectors without the label are the successes.
            var isNarrow = Telling(watched).Any();
            if (!isNarrow && labels is { Count: > 0 })
                return false;
            return !isNarrow || asked.Matchers.Any(matcher => labels!.Contains(matcher.Label));
        }
        return labels is null || Telling(watched).Any() || !asked.Matchers.Any(matcher => labels.Contains(matcher.Label));
    }

    private static bool IsOf(PromqlSelector asked, string metric) =>
        (asked.Metric is null || asked.Metric == metric)
        && asked.Matchers.Where(matcher => matcher.Label == PromqlMatcher.Name).All(matcher => matcher.Matches(metric));

    private IEnumerable<string> Telling(PromqlSelector selector) =>
        selector.Matchers.Where(matcher => !ownLabels.Contains(matcher.Label)).Select(matcher => matcher.Label);

    /// <summary>The selectors that an expression is about, with those of recorded series behind them.</summary>
    private Read Reads(string expression)
    {
        var read = new Read();
        if (PromqlParser.Parse(expression, out _) is { } parsed)
            Collect(parsed, [], [], read);
        else
            read.IsWhole = false;
        return read;
    }

    /// <param name="under">Recorded series on the way here, so that rules which read each other end.</param>
    /// <param name="outer">Matchers of those on the way: what they exclude stays excluded.</param>
    private void Collect(PromqlExpression expression, IReadOnlyList<string> under, IReadOnlyList<PromqlMatcher> outer, Read read)
    {
        switch (expression)
        {
            case PromqlSelector when read.Selectors.Count >= MostSelectors:
                read.IsWhole = false;
                break;
            case PromqlSelector selector:
                read.Selectors.Add(
                    outer.Count == 0
                        ? selector
                        : new PromqlSelector(selector.Metric, [.. selector.Matchers, .. outer], selector.Start, selector.End)
                );
                foreach (var (name, sources) in recorded.Where(one => !under.Contains(one.Key) && IsNamed(selector, one.Key, read)))
                {
                    IReadOnlyList<PromqlMatcher> passed =
                    [
                        .. outer,
                        .. selector.Matchers.Where(matcher => matcher.Label != PromqlMatcher.Name),
                    ];
                    foreach (var source in sources)
                    {
                        if (source is null)
                            read.IsWhole = false;
                        // A label that the recorded series was given says nothing of what it was recorded from.
                        else
                        {
                            var labels = PromqlLabels.Of(source);
                            Collect(source, [.. under, name], [.. passed.Where(matcher => labels.Can(matcher.Label))], read);
                        }
                    }
                }
                break;
            case PromqlBinary chain:
                chain.Fold(
                    first =>
                    {
                        Collect(first, under, outer, read);
                        return read;
                    },
                    (_, binary) =>
                    {
                        if (binary is not { IsBetweenVectors: true, Operator: "/" or "and" or "unless" })
                            Collect(binary.Right, under, outer, read);
                        return read;
                    }
                );
                break;
            default:
                foreach (var part in expression.Parts)
                    Collect(part, under, outer, read);
                break;
        }
    }

    /// <summary>A selector without any name does not ask for a recorded series by name.</summary>
    private static bool IsNamed(PromqlSelector selector, string name, Read read)
    {
        try
        {
            return (selector.Metric is not null || selector.Matchers.Any(matcher => matcher.Label == PromqlMatcher.Name))
                && IsOf(selector, name);
        }
        catch (InputLimitException)
        {
            read.IsWhole = false;
            return false;
        }
    }

    private sealed class Read
    {
        public List<PromqlSelector> Selectors { get; } = [];
        public bool IsWhole { get; set; } = true;
    }

    /// <summary>The alerts that read what one watch reads, found by the labels they ask for.</summary>
    /// <remarks>Most alerts of a large estate name their service: looked through one by one for each service, the time would grow with the
    /// product of both.</remarks>
    private sealed class AlertsOfWatch
    {
        private readonly List<int> ofAll = [];
        private readonly List<(int Place, PromqlMatcher[] Matchers)> others = [];
        private readonly Dictionary<string, Dictionary<string, List<(int Place, PromqlMatcher[] Matchers)>>> byLabel = new(
            StringComparer.Ordinal
        );

        /// <param name="alerts">Each with its place among all alerts and what it asks for beside the metric.</param>
        public AlertsOfWatch(IEnumerable<(int Place, PromqlMatcher[] Matchers)> alerts)
        {
            foreach (var alert in alerts)
            {
                if (alert.Matchers.Length == 0)
                    ofAll.Add(alert.Place);
                else if (alert.Matchers.FirstOrDefault(matcher => matcher.Match == PromqlMatch.Equal) is not { } equal)
                    others.Add(alert);
                else
                {
                    if (!byLabel.TryGetValue(equal.Label, out var byValue))
                        byLabel[equal.Label] = byValue = new(StringComparer.Ordinal);
                    if (!byValue.TryGetValue(equal.Value, out var found))
                        byValue[equal.Value] = found = [];
                    found.Add(alert);
                }
            }
        }

        /// <summary>Adds the places of those that do not exclude a service.</summary>
        /// <param name="values">Values of each label among the watch's series of the service.</param>
        /// <returns>False where an alert asks by a regular expression that is too large to be matched here.</returns>
        public bool AddCovering(CoverageService service, IReadOnlyDictionary<string, IReadOnlySet<string>> values, SortedSet<int> places)
        {
            var isWhole = true;
            places.UnionWith(ofAll);
            Add(others);
            foreach (var (label, byValue) in byLabel)
            {
                IEnumerable<string> possible =
                    service.Matchers.TryGetValue(label, out var own) ? [own]
                    : values.TryGetValue(label, out var known) ? known
                    : byValue.Keys;
                foreach (var value in possible)
                {
                    if (byValue.TryGetValue(value, out var found))
                        Add(found);
                }
            }
            return isWhole;

            void Add(List<(int Place, PromqlMatcher[] Matchers)> alerts)
            {
                foreach (var (place, matchers) in alerts)
                {
                    if (Array.TrueForAll(matchers, Fits))
                        places.Add(place);
                }
            }

            bool Fits(PromqlMatcher matcher)
            {
                try
                {
                    return service.Matchers.TryGetValue(matcher.Label, out var own)
                        ? matcher.Matches(own)
                        : !values.TryGetValue(matcher.Label, out var known) || known.Any(matcher.Matches);
                }
                catch (InputLimitException)
                {
                    return isWhole = false;
                }
            }
        }
    }
}
