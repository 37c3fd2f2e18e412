using Archon.Analysis.RootCause;

namespace Archon.Tests.Analysis.RootCause;

/// <summary>What is done to one service of a simulated application.</summary>
internal enum SimulatedFault
{
    /// <summary>Something beside the service takes its processor; its users notice it or not.</summary>
    Cpu,

    /// <summary>Memory in use grows; its users notice it late or not.</summary>
    Memory,

    /// <summary>Packets to and from the service take longer. What it measures of itself hardly changes.</summary>
    NetworkDelay,

    /// <summary>Some packets to and from the service are lost.</summary>
    NetworkLoss,

    /// <summary>Requests fail.</summary>
    Errors,

    /// <summary>Its own work takes longer; no resource shows it.</summary>
    Slow,
}

/// <summary>How the metrics of a simulated application are made.</summary>
/// <param name="BothSides">Latency and failures as the server and as the client of calls measure them; otherwise one latency.</param>
/// <param name="Rows">Rows in all.</param>
/// <param name="Onset">The first row of the fault.</param>
/// <param name="StepSeconds">Time from row to row.</param>
internal sealed record SimulatedStyle(bool BothSides, int Rows, int Onset, int StepSeconds);

/// <summary>
/// Generated incidents of applications of 8 to 16 services: queues, calls one after the other, users who wait for answers, heavy-tailed
/// quantiles, hosts, gaps. Each seed is another application. It is a model: it says how a change of the ranking compares with another one,
/// not how good the ranking is on real systems.
/// </summary>
internal sealed class SimulatedApplication
{
    /// <summary>Minutes, quarters of a minute, and seconds without the side of clients.</summary>
    public static readonly IReadOnlyList<SimulatedStyle> Styles =
    [
        new(BothSides: true, Rows: 50, Onset: 38, StepSeconds: 60),
        new(BothSides: true, Rows: 120, Onset: 80, StepSeconds: 15),
        new(BothSides: false, Rows: 600, Onset: 300, StepSeconds: 1),
    ];

    private readonly Random random;
    private readonly SimulatedStyle style;
    private readonly int count;
    private readonly List<(int Caller, int Callee, double PerRequest)> calls = [];
    private readonly Dictionary<(int Service, string Metric), double[]> values = [];
    private readonly string[] names;

    public SimulatedApplication(int seed, SimulatedStyle style)
    {
        (random, this.style) = (new Random(seed), style);
        count = random.Next(8, 17);
        names = [.. Enumerable.Range(0, count).Select(i => $"s{i:00}")];
        random.Shuffle(names);
        Connect();
        Root = random.Next(1, count);
        Fault = (SimulatedFault)random.Next(6);
        Run();
    }

    public int Root { get; }
    public SimulatedFault Fault { get; }
    public string Answer => names[Root];

    public CauseQuestion Question() =>
        new()
        {
            Times = Enumerable.Range(0, style.Rows).Select(row => row * style.StepSeconds * 1000L).ToArray(),
            Series =
            [
                .. values
                    .OrderBy(one => one.Key.Service)
                    .ThenBy(one => one.Key.Metric, StringComparer.Ordinal)
                    .Select(one => new ServiceSeries(names[one.Key.Service], one.Key.Metric, "", one.Value)),
            ],
            Graph = new ServiceGraph(names, calls.Select(call => (names[call.Caller], names[call.Callee]))),
            OnsetMs = style.Onset * style.StepSeconds * 1000L,
        };

    /// <summary>Metrics, and services where wanted, with names in another order that say nothing.</summary>
    public static (CauseQuestion Question, Func<string, string> Service) WithoutNames(
        CauseQuestion question,
        int seed,
        bool services = false
    )
    {
        var random = new Random(seed);
        var metric = Names(question.Series.Select(series => series.Metric), "m");
        var service = Names(question.Graph?.Services ?? question.Series.Select(series => series.Service), services ? "q" : null);
        return (
            question with
            {
                Series =
                [
                    .. question.Series.Select(series => series with { Service = service[series.Service], Metric = metric[series.Metric] }),
                ],
                Graph = question.Graph is { } graph
                    ? new ServiceGraph(
                        graph.Services.Select(name => service[name]),
                        graph.Services.SelectMany(caller => graph.CalleesOf(caller).Select(callee => (service[caller], service[callee])))
                    )
                    : null,
            },
            name => service[name]
        );

        Dictionary<string, string> Names(IEnumerable<string> names, string? prefix)
        {
            var known = names.Distinct().ToArray();
            var order = Enumerable.Range(0, known.Length).ToArray();
            random.Shuffle(order);
            return known.Select((name, i) => (name, other: prefix is null ? name : $"{prefix}{order[i]:00}")).ToDictionary();
        }
    }

    /// <returns>The share of incidents whose cause comes first, and the mean share of those in which it is among the first 1 to 5.</returns>
    public static (double First, double AverageOfFive) Score(IEnumerable<int> seeds, Func<CauseQuestion, int, CauseQuestion> asked) =>
        Score(
            seeds,
            asked,
            question => CauseRanker.Rank(question) is CauseVerdict.Ranked ranked ? ranked.Hypotheses.Select(one => one.Service) : []
        );

    public static (double First, double AverageOfFive) Score(
        IEnumerable<int> seeds,
        Func<CauseQuestion, int, CauseQuestion> asked,
        Func<CauseQuestion, IEnumerable<string>> ranking
    )
    {
        var places = Styles
            .SelectMany(style =>
                seeds.Select(seed =>
                {
                    var application = new SimulatedApplication(seed, style);
                    var place = ranking(asked(application.Question(), seed)).ToList().IndexOf(application.Answer);
                    return place < 0 ? int.MaxValue : place;
                })
            )
            .ToList();
        double Within(int most) => (double)places.Count(place => place < most) / places.Count;
        return (Within(1), Enumerable.Range(1, 5).Average(Within));
    }

    /// <summary>The rule of one line that others are compared with: the service whose metric went furthest beyond its quartiles.</summary>
    public static IEnumerable<string> FurthestBeyondQuartiles(CauseQuestion question)
    {
        var onset = question.Times.ToArray().Count(time => time < question.OnsetMs);
        return question
            .Series.Select(series =>
            {
                var before = series.Values[..onset].ToArray().Where(double.IsFinite).Order().ToArray();
                var width = before[before.Length * 3 / 4] - before[before.Length / 4];
                var most = series.Values[onset..].ToArray().Where(double.IsFinite).Max();
                return (series.Service, Score: (most - before[before.Length / 2]) / Math.Max(width, 1e-9));
            })
            .GroupBy(one => one.Service)
            .OrderByDescending(service => service.Max(one => one.Score))
            .Select(service => service.Key);
    }

    private void Connect()
    {
        for (var i = 1; i < count; i++)
        {
            // Services are in the order of their depth; the later ones are called by the earlier ones.
            var callers = random.NextDouble() < 0.35 ? 2 : 1;
            foreach (var caller in Enumerable.Range(0, callers).Select(_ => random.Next(Math.Max(1, (i + 1) * 2 / 3))).Distinct())
            {
                if (caller < i)
                    calls.Add(
                        (
                            caller,
                            i,
                            random.NextDouble() < 0.3 ? Between(0.1, 0.6)
                            : random.NextDouble() < 0.2 ? 2
                            : 1
                        )
                    );
            }
        }
    }

    private void Run()
    {
        var (rows, hosts) = (style.Rows, random.Next(2, 5));
        var host = Enumerable.Range(0, count).Select(_ => random.Next(hosts)).ToArray();
        var own = Each(() => Math.Exp(Between(Math.Log(0.001), Math.Log(0.03))));
        var cost = Each(() => Math.Exp(Between(Math.Log(0.0005), Math.Log(0.01))));
        var noise = Each(() => Math.Exp(Between(Math.Log(0.02), Math.Log(0.15))));
        var failing = Each(() => random.NextDouble() < 0.5 ? 0 : Between(0, 0.004));
        var passedOn = calls.ConvertAll(_ => random.NextDouble() < 0.7 ? 1 : Between(0, 0.5));
        var memory = Each(() => Math.Exp(Between(Math.Log(5e7), Math.Log(2e9))));
        var drift = Each(() => Between(0.0005, 0.01));
        var (users, wave, phase) = (Between(20, 200), Between(0, 0.25), Between(0, 6.28));
        var size = Math.Exp(Between(0, 1));
        var isSilent = random.NextDouble() < 0.5;
        var delay = Fault == SimulatedFault.NetworkDelay ? Math.Max(0.02, 4 * own[Root]) * size : 0;
        var loads = new double[count];
        var (before, usual) = (0.0, 0.0);
        var walk = Each(() => 0.0);
        var limit = new double[count];
        for (var row = 0; row < rows; row++)
        {
            var isFault = row >= style.Onset;
            // Users wait for an answer before they ask again.
            var asked = users * (1 + (wave * Math.Sin(phase + (6.28 * row / rows)))) * Lognormal(0.04);
            if (row > 0)
                asked *= (1 + usual) / (1 + before);
            Array.Clear(loads);
            loads[0] = asked;
            foreach (var (caller, callee, perRequest) in calls)
                loads[callee] += loads[caller] * perRequest * Lognormal(0.02);
            var (server, client, errors, clientErrors) = (new double[count], new double[count], new double[count], new double[count]);
            var (cpu, network) = (new double[count], new double[count]);
            for (var i = count - 1; i >= 0; i--)
            {
                if (row == 0)
                    limit[i] = loads[i] * cost[i] * Between(1.8, 5);
                var isRoot = isFault && i == Root;
                cpu[i] = ((loads[i] * cost[i]) + (0.02 * limit[i])) * Lognormal(0.06);
                var stolen = isRoot && Fault == SimulatedFault.Cpu ? limit[i] * Math.Min(0.9, 0.4 * size) : 0;
                var slower = isRoot && Fault == SimulatedFault.Cpu && !isSilent ? 1 + (0.4 * size) : 1;
                slower *= isRoot && Fault == SimulatedFault.Slow ? 1 + size : 1;
                slower *= isRoot && Fault == SimulatedFault.Errors ? Between(0.5, 0.9) : 1;
                var since = Math.Max(0, row - style.Onset + 1);
                var leaked = isRoot && Fault == SimulatedFault.Memory ? size * Math.Min(1, since / (0.5 * (rows - style.Onset))) : 0;
                slower *= leaked > 0 && !isSilent ? 1 + (0.5 * leaked) : 1;
                cpu[i] += stolen;
                var used = Math.Min(0.9, loads[i] * cost[i] / limit[i]);
                server[i] = own[i] * slower / (1 - used) * Lognormal(noise[i]);
                errors[i] = failing[i] * Lognormal(0.5) + (isRoot && Fault == SimulatedFault.Errors ? Math.Min(0.8, 0.08 * size) : 0);
                var (made, spent, failed) = (0.0, 0.0, 0.0);
                for (var call = 0; call < calls.Count; call++)
                {
                    var (caller, callee, perRequest) = calls[call];
                    if (caller != i)
                        continue;
                    var touched = isFault && (i == Root || callee == Root);
                    var onTheWay = 0.0008 * Lognormal(0.1) + (touched ? delay : 0);
                    var lost = touched && Fault == SimulatedFault.NetworkLoss ? 0.03 * size : 0;
                    onTheWay += lost * Between(0.2, 1.2);
                    made += perRequest;
                    spent += perRequest * (server[callee] + onTheWay);
                    var gone = Math.Min(1, errors[callee] + (lost * 0.3));
                    failed += perRequest * gone;
                    errors[i] += perRequest * gone * passedOn[call];
                }
                server[i] += spent;
                errors[i] = Math.Min(1, errors[i]);
                if (made > 0)
                    (client[i], clientErrors[i]) = (spent / made, failed / made);
                var weight = isFault && Fault == SimulatedFault.NetworkLoss && i == Root ? 1.05 : 1;
                network[i] = loads[i] * (1 + made) * 900 * Lognormal(0.05) * weight;
                walk[i] = (0.98 * walk[i]) + (drift[i] * Normal());
                Note(i, "memory", row, memory[i] * (1 + walk[i] + (0.0002 * loads[i] / users) + leaked));
            }
            before = server[0];
            if (row == 0)
                usual = before;
            for (var i = 0; i < count; i++)
                Report(row, i, server, client, errors, clientErrors, loads, cpu, network, made: client[i] > 0);
            for (var h = 0; h < hosts; h++)
            {
                var all = Enumerable.Range(0, count).Where(i => host[i] == h).ToList();
                foreach (var i in style.BothSides ? all : [])
                    Note(i, "host_cpu", row, (all.Sum(one => cpu[one]) / all.Sum(one => limit[one])) + 0.1);
            }
        }
    }

    private void Report(
        int row,
        int i,
        double[] server,
        double[] client,
        double[] errors,
        double[] clientErrors,
        double[] loads,
        double[] cpu,
        double[] network,
        bool made
    )
    {
        Note(i, "cpu", row, cpu[i]);
        var seen = loads[i] * style.StepSeconds;
        double Failed(double share) => Math.Min(1, Math.Max(0, share + (Math.Sqrt(share * (1 - share) / Math.Max(1, seen)) * Normal())));
        if (!style.BothSides)
        {
            Note(i, "load", row, loads[i]);
            Note(i, "latency-50", row, server[i] * Lognormal(0.05));
            Note(i, "latency-90", row, server[i] * 2 * Lognormal(0.15));
            Note(i, "error", row, Failed(errors[i]));
            return;
        }
        Note(i, "requests", row, loads[i] * Lognormal(0.01));
        Note(i, "network_receive_bytes", row, network[i] * 0.6);
        Note(i, "network_transmit_bytes", row, network[i] * Lognormal(0.02));
        Note(i, "success_rate", row, 100 * (1 - Failed(errors[i])));
        foreach (var (quantile, factor, spread) in new[] { ("p90", 1.8, 0.06), ("p95", 2.4, 0.12), ("p99", 4, 0.3) })
        {
            Note(i, $"server_latency_{quantile}", row, server[i] * factor * Lognormal(spread));
            if (made)
                Note(i, $"client_latency_{quantile}", row, client[i] * factor * Lognormal(spread));
        }
        if (made)
            Note(i, "client_success_rate", row, 100 * (1 - Failed(clientErrors[i])));
    }

    private void Note(int service, string metric, int row, double value)
    {
        if (!values.TryGetValue((service, metric), out var series))
            values[(service, metric)] = series = new double[style.Rows];
        series[row] = random.NextDouble() < 0.005 ? double.NaN : value;
    }

    private double[] Each(Func<double> value) => [.. Enumerable.Range(0, count).Select(_ => value())];

    private double Between(double low, double high) => low + (random.NextDouble() * (high - low));

    private double Normal() => Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble());

    /// <summary>Now and then something far beyond: quantiles of few requests have heavy tails.</summary>
    private double Lognormal(double deviation) => Math.Exp(deviation * Normal() * (random.NextDouble() < 0.03 ? 3 : 1));
}
