using Archon.Analysis.Series;

namespace Archon.Analysis.RootCause;

/// <summary>One series as the ranker works with it: gaps are NaN, availability has become errors.</summary>
internal sealed class Signal
{
    public required int Service { get; init; }
    public required string Metric { get; init; }
    public required string Statistic { get; init; }
    public required MetricRole Role { get; set; }
    public required MetricSide Side { get; set; }

    /// <summary>The role was given and is neither name nor behaviour.</summary>
    public bool IsRoleGiven { get; init; }

    /// <summary>The ordinary past first, then the rows of the incident.</summary>
    public required double[] Values { get; init; }

    /// <summary>Errors as a share of the requests, 0 to 1.</summary>
    public bool IsShare { get; set; }

    /// <summary>Stands for its role at its service; others of the role are support only.</summary>
    public bool IsPrimary { get; set; }

    /// <summary>What it usually is; NaN when it has no past.</summary>
    public double Median { get; set; } = double.NaN;

    /// <summary>The values with each gap at the usual value, so that a gap explains nothing.</summary>
    public double[] Filled { get; set; } = [];

    public string Name => Statistic.Length == 0 ? Metric : $"{Metric} {Statistic}";
}

/// <summary>The series of a question as one table: reference rows first, from the onset on the window.</summary>
internal sealed class IncidentFrame
{
    private readonly Dictionary<string, int> numbers = new(StringComparer.Ordinal);
    private readonly int[] callNumbers;
    private readonly List<Signal>[] signalsOf;

    public IncidentFrame(CauseQuestion question)
    {
        Graph = question.Graph ?? ServiceGraph.Empty;
        Services =
        [
            .. question
                .Series.Select(series => series.Service)
                .Concat(Graph.Services)
                .Distinct(StringComparer.Ordinal)
                .Order(StringComparer.Ordinal),
        ];
        for (var i = 0; i < Services.Length; i++)
            numbers[Services[i]] = i;
        callNumbers = [.. Graph.Services.Select(service => numbers[service])];
        History = question.Series.Max(series => series.Normal.Length);
        Rows = History + question.Times.Length;
        Latency = new Signal?[Services.Length];
        Errors = new Signal?[Services.Length];
        Requests = new Signal?[Services.Length];
        ClientLatency = new Signal?[Services.Length];
        ClientErrors = new Signal?[Services.Length];
        SilentRows = new int[Services.Length];
        Down = new double[]?[Services.Length];
        signalsOf = [.. Services.Select(_ => new List<Signal>())];
        var ordered = question
            .Series.OrderBy(series => series.Service, StringComparer.Ordinal)
            .ThenBy(series => series.Metric, StringComparer.Ordinal)
            .ThenBy(series => StatisticRank(series.Statistic))
            .ThenBy(series => series.Statistic, StringComparer.Ordinal);
        foreach (var series in ordered)
            Add(numbers[series.Service], series);
    }

    /// <summary>In ordinal order: the order of the input never decides a tie.</summary>
    public string[] Services { get; }
    public ServiceGraph Graph { get; }

    /// <summary>How many rows come from an ordinary past of its own.</summary>
    public int History { get; }
    public int Rows { get; }

    /// <summary>The first row of the window; all rows before are reference.</summary>
    public int Window { get; private set; }

    public Signal?[] Latency { get; }
    public Signal?[] Errors { get; }
    public Signal?[] Requests { get; }

    /// <summary>How long the calls of a service take, as it measures them itself.</summary>
    public Signal?[] ClientLatency { get; }

    /// <summary>How many of its calls fail.</summary>
    public Signal?[] ClientErrors { get; }
    public List<Signal> All { get; } = [];

    /// <summary>Per service and row, how much of it did not answer, 0 to 1; null for one that always did.</summary>
    public double[]?[] Down { get; }

    /// <summary>Per service, the rows of the window in which it told nothing at all.</summary>
    public int[] SilentRows { get; }

    /// <summary>There are calls to follow and something that follows them.</summary>
    public bool HasMechanisms => Graph.Calls > 0 && All.Exists(signal => signal.IsPrimary);

    public int NumberOf(string service) => numbers.GetValueOrDefault(service, -1);

    public IEnumerable<int> CalleesOf(int service) => Neighbours(service, callees: true);

    public IEnumerable<int> CallersOf(int service) => Neighbours(service, callees: false);

    public IReadOnlyList<Signal> SignalsOf(int service) => signalsOf[service];

    /// <summary>Says where the window begins; what is usual is what was before.</summary>
    public void Split(int window)
    {
        Window = window;
        SeatRoles();
        foreach (var signals in signalsOf)
            DropSilence(signals);
        for (var service = 0; service < Services.Length; service++)
            Down[service] = FindDown(signalsOf[service]);
        var scratch = new double[Rows];
        foreach (var signal in All)
        {
            signal.Median = Robust.Median(signal.Values.AsSpan(0, window), scratch);
            var usual = double.IsNaN(signal.Median) ? 0 : signal.Median;
            signal.Filled = Array.ConvertAll(signal.Values, value => double.IsNaN(value) ? usual : value);
        }
    }

    /// <summary>Called in the window and hardly ever before.</summary>
    public bool IsNew(int service)
    {
        if (Requests[service] is not { } requests)
            return false;
        var before = 0;
        foreach (var value in requests.Values.AsSpan(0, Window))
            before += value > 0 ? 1 : 0;
        var after = false;
        foreach (var value in requests.Values.AsSpan(Window))
            after |= value > 0;
        return after && before <= 0.05 * Window;
    }

    /// <summary>The share of the window in which a service did not answer, 0 when it was down before as well.</summary>
    public double DownSince(int service) =>
        Down[service] is { } down && Robust.Mean(down.AsSpan(0, Window)).Mean is var before && before < 0.5
            ? Math.Max(0, Robust.Mean(down.AsSpan(Window)).Mean - before)
            : 0;

    /// <summary>When all series of a service stand at nought in the same row, its exporter was restarting: that is a gap, no
    /// value.</summary>
    private void DropSilence(List<Signal> signals)
    {
        var speaking = signals
            .Where(signal =>
                signal.Role is not MetricRole.Errors and not MetricRole.Up
                && Share(signal.Values.AsSpan(0, Window), value => value > 0) > 0.9
            )
            .ToArray();
        if (speaking.Length < 2)
            return;
        for (var row = 0; row < Rows; row++)
        {
            if (!Array.TrueForAll(speaking, signal => signal.Values[row] is 0 or double.NaN))
                continue;
            foreach (var signal in signals)
                signal.Values[row] = double.NaN;
            if (row >= Window)
                SilentRows[signals[0].Service]++;
        }
    }

    /// <summary>A service that says it is down, or of which nothing is heard any more although it was before.</summary>
    private double[]? FindDown(List<Signal> signals)
    {
        var up = signals.Where(signal => signal.Role == MetricRole.Up).ToList();
        var heard = signals.Where(signal => signal.Role != MetricRole.Up).ToList();
        var usual = (double)Enumerable.Range(0, Window).Count(row => heard.Exists(signal => !double.IsNaN(signal.Values[row])));
        var down = new double[Rows];
        for (var row = 0; row < Rows; row++)
        {
            foreach (var signal in up)
                down[row] = Math.Max(down[row], double.IsNaN(signal.Values[row]) ? 0 : 1 - Math.Clamp(signal.Values[row], 0, 1));
            if (row >= Window && usual > 0.3 * Window && heard.TrueForAll(signal => double.IsNaN(signal.Values[row])))
                down[row] = 1;
        }
        return Array.Exists(down, value => value > 0) ? down : null;
    }

    private static double Share(ReadOnlySpan<double> values, Func<double, bool> isCounted)
    {
        var (count, counted) = (0, 0);
        foreach (var value in values)
        {
            if (double.IsNaN(value))
                continue;
            count++;
            counted += isCounted(value) ? 1 : 0;
        }
        return count == 0 ? 0 : (double)counted / count;
    }

    private int[] Neighbours(int service, bool callees)
    {
        var number = Graph.NumberOf(Services[service]);
        if (number < 0)
            return [];
        var list = callees ? Graph.Callees(number) : Graph.Callers(number);
        var found = new int[list.Length];
        for (var i = 0; i < list.Length; i++)
            found[i] = callNumbers[list[i]];
        return found;
    }

    private void Add(int service, ServiceSeries series)
    {
        var values = new double[Rows];
        Array.Fill(values, double.NaN, 0, History);
        series.Normal.Span.CopyTo(values.AsSpan(History - series.Normal.Length));
        series.Values.Span.CopyTo(values.AsSpan(History));
        for (var i = 0; i < Rows; i++)
        {
            if (!SampleValue.IsUsable(values[i]))
                values[i] = double.NaN;
        }
        var signal = new Signal
        {
            Service = service,
            Metric = series.Metric,
            Statistic = series.Statistic,
            Values = values,
            Role = series.Role ?? MetricRoles.Of(series.Metric),
            Side = MetricRoles.SideOf(series.Metric),
            IsRoleGiven = series.Role is not null,
        };
        All.Add(signal);
        signalsOf[service].Add(signal);
    }

    /// <summary>Gives names that say nothing the role their behaviour shows, turns availability into errors, and seats one signal per role
    /// and service.</summary>
    private void SeatRoles()
    {
        SetUnknownRoles();
        foreach (var signal in All)
        {
            var largest = 0.0;
            foreach (var value in signal.Values)
                largest = value > largest ? value : largest;
            signal.IsShare = signal.Role == MetricRole.Availability || (signal.Role == MetricRole.Errors && largest <= 1);
            if (signal.Role == MetricRole.Availability)
            {
                var whole = largest > 1.5 ? 100 : 1;
                for (var row = 0; row < Rows; row++)
                    signal.Values[row] = (whole - signal.Values[row]) / whole;
                signal.Role = MetricRole.Errors;
            }
        }
        // The same family at every service, so that like is compared with like: the one told by most services and then the quietest.
        var seating = All.GroupBy(signal => (signal.Metric, signal.Statistic))
            .Select(family => (Signals: family.ToList(), Rank: StatisticRank(family.Key.Statistic), Noise: Loudness(family)))
            .OrderBy(family => family.Rank)
            .ThenByDescending(family => family.Signals.Count)
            .ThenBy(family => family.Noise);
        foreach (var signal in seating.SelectMany(family => family.Signals))
        {
            var seat = (signal.Role, signal.Side) switch
            {
                (MetricRole.Latency, MetricSide.Server) => Latency,
                (MetricRole.Latency, MetricSide.Client) => ClientLatency,
                (MetricRole.Errors, MetricSide.Server) => Errors,
                (MetricRole.Errors, MetricSide.Client) => ClientErrors,
                (MetricRole.Requests, MetricSide.Server) => Requests,
                _ => null,
            };
            if (seat is null || seat[signal.Service] is not null)
                continue;
            seat[signal.Service] = signal;
            signal.IsPrimary = true;
        }
    }

    /// <summary>Names that say nothing, or the opposite of what the values do, give way to the behaviour.</summary>
    private void SetUnknownRoles()
    {
        if (Graph.Calls == 0 || All.TrueForAll(signal => signal.IsRoleGiven))
            return;
        // The first statistic of a metric stands for it.
        var families = All.GroupBy(signal => signal.Metric, StringComparer.Ordinal)
            .ToDictionary(
                family => family.Key,
                family =>
                    (IReadOnlyDictionary<int, double[]>)
                        family.GroupBy(signal => signal.Service).ToDictionary(one => one.Key, one => one.First().Values),
                StringComparer.Ordinal
            );
        var behaviour = new RoleByBehaviour(families, CallersOf, CalleesOf, IsOfCallers);
        var requests = All.Where(signal => signal is { Role: MetricRole.Requests, Side: MetricSide.Server })
            .Select(signal => signal.Metric)
            .Distinct()
            .ToList();
        if (requests.Count > 0 && !behaviour.Misnames(requests))
            return;
        var open =
            requests.Count > 0 ? All.FindAll(signal => !signal.IsRoleGiven) : All.FindAll(signal => signal.Role == MetricRole.Unknown);
        var roles = behaviour.Infer([.. open.Select(signal => signal.Metric).Distinct()]);
        foreach (var family in open.GroupBy(signal => signal.Metric).ToList())
        {
            var role = roles.GetValueOrDefault(family.Key, MetricRole.Unknown);
            var isClient =
                role is MetricRole.Latency or MetricRole.Errors or MetricRole.Availability
                && IsOfCallers(family.Select(signal => signal.Service));
            foreach (var signal in family)
                (signal.Role, signal.Side) = (role, isClient ? MetricSide.Client : MetricSide.Server);
        }
    }

    /// <summary>Who calls nobody measures no calls: what only callers have tells of their calls.</summary>
    private bool IsOfCallers(IEnumerable<int> services)
    {
        var known = services.ToHashSet();
        var callers = Enumerable
            .Range(0, Services.Length)
            .Where(service => signalsOf[service].Count > 0)
            .ToLookup(service => CalleesOf(service).Any());
        return callers[false].Count() >= 2 && !callers[false].Any(known.Contains) && 2 * known.Count > callers[true].Count();
    }

    /// <summary>How much the middle series of a family usually moves, as a part of its level.</summary>
    private double Loudness(IEnumerable<Signal> family)
    {
        var scratch = new double[Rows];
        var figures = family
            .Select(signal => Robust.Noise(signal.Values.AsSpan(0, Window), scratch))
            .Select(noise => noise.Count > 1 && noise.Mean != 0 ? noise.Deviation / Math.Abs(noise.Mean) : double.NaN)
            .ToArray();
        var middle = Robust.Median(figures, scratch.Length >= figures.Length ? scratch : new double[figures.Length]);
        return double.IsNaN(middle) ? double.PositiveInfinity : middle;
    }

    // Means and sums add up along the graph, quantiles do not.
    private static int StatisticRank(string statistic) =>
        statistic.ToLowerInvariant() switch
        {
            "" => 0,
            "average" or "avg" or "mean" => 1,
            "sum" => 2,
            "p50" or "median" or "50" => 3,
            _ => 4,
        };
}
