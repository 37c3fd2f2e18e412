using Archon.Analysis.RootCause;

namespace Archon.Tests.Analysis.RootCause;

/// <summary>A small application under load, to break on purpose: web calls shop and search, shop calls stock and pay, search calls
/// stock.</summary>
internal sealed class Estate(int seed)
{
    public const int Rows = 160;
    public const int Onset = 100;
    private const long StepMs = 15_000;

    public static readonly (string Caller, string Callee)[] Calls =
    [
        ("web", "shop"),
        ("web", "search"),
        ("shop", "stock"),
        ("shop", "pay"),
        ("search", "stock"),
    ];

    public static readonly ServiceGraph Graph = new([], Calls);
    private static readonly string[] FromBelow = ["pay", "stock", "search", "shop", "web"];

    private readonly Dictionary<(string Service, string Metric), Func<int, double, double>> faults = [];

    public static long OnsetMs => Onset * StepMs;

    /// <param name="change">From the rows since the onset, 0 or more, and the value without a fault.</param>
    public Estate Break(string service, string metric, Func<int, double, double> change)
    {
        faults[(service, metric)] = change;
        return this;
    }

    /// <param name="scale">All values times this; shares of errors are never scaled.</param>
    public CauseQuestion Question(double scale = 1, long shiftMs = 0)
    {
        var noise = SeriesText.Noise(seed);
        var values = new Dictionary<(string, string), double[]>();
        double[] Own(string service, string metric, Func<int, double> value) =>
            [
                .. Enumerable
                    .Range(0, Rows)
                    .Select(row =>
                        row >= Onset && faults.TryGetValue((service, metric), out var change) ? change(row - Onset, value(row)) : value(row)
                    ),
            ];
        foreach (var service in FromBelow.Reverse())
        {
            var callers = Graph.CallersOf(service).ToList();
            values[(service, "requests")] = Own(
                service,
                "requests",
                row =>
                    callers.Count == 0
                        ? 200 * (1 + (0.1 * Math.Sin(row / 40.0)) + (0.02 * noise()))
                        : callers.Sum(caller => 0.6 * values[(caller, "requests")][row])
            );
        }
        foreach (var service in FromBelow)
        {
            var latency = Own(
                service,
                "latency",
                row => 0.02 * (1 + (values[(service, "requests")][row] / 1000)) * Math.Exp(0.05 * noise())
            );
            var errors = Own(service, "errors", _ => Math.Max(0, 0.001 + (0.0005 * noise())));
            foreach (var callee in Graph.CalleesOf(service))
            {
                for (var row = 0; row < Rows; row++)
                {
                    latency[row] += 0.6 * values[(callee, "latency")][row];
                    errors[row] += 0.6 * values[(callee, "errors")][row];
                }
            }
            (values[(service, "latency")], values[(service, "errors")]) = (latency, errors);
            values[(service, "cpu")] = Own(service, "cpu", row => 0.002 * values[(service, "requests")][row] * (1 + (0.03 * noise())));
        }
        return new CauseQuestion
        {
            Times = Enumerable.Range(0, Rows).Select(row => shiftMs + (row * StepMs)).ToArray(),
            Series =
            [
                .. values.Select(one => new ServiceSeries(
                    one.Key.Item1,
                    one.Key.Item2,
                    "",
                    one.Key.Item2 == "errors" ? one.Value : Array.ConvertAll(one.Value, value => value * scale)
                )),
            ],
            Graph = Graph,
            OnsetMs = shiftMs + OnsetMs,
        };
    }
}
