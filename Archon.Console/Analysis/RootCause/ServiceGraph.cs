using System.Collections.Frozen;

namespace Archon.Analysis.RootCause;

/// <summary>Who calls whom. Services by name, edges from the caller to the callee; loops and circles are allowed. Never changes once
/// built.</summary>
public sealed class ServiceGraph
{
    public static readonly ServiceGraph Empty = new([], []);

    private readonly FrozenDictionary<string, int> numbers;
    private readonly string[] names;
    private readonly int[][] callees;
    private readonly int[][] callers;

    /// <param name="services">Names; may lack services that only edges name, and may name one twice.</param>
    /// <param name="calls">Caller and callee. An edge told twice counts once; a service calling itself is left out.</param>
    public ServiceGraph(IEnumerable<string> services, IEnumerable<(string Caller, string Callee)> calls)
    {
        var edges = calls.Where(call => call.Caller != call.Callee).Distinct().ToList();
        // In name order, so that the order of the input never decides a tie.
        names =
        [
            .. services
                .Concat(edges.SelectMany(call => new[] { call.Caller, call.Callee }))
                .Distinct(StringComparer.Ordinal)
                .Order(StringComparer.Ordinal),
        ];
        numbers = names.Select((name, number) => KeyValuePair.Create(name, number)).ToFrozenDictionary(StringComparer.Ordinal);
        var (down, up) = (NewLists(), NewLists());
        foreach (var (caller, callee) in edges)
        {
            down[numbers[caller]].Add(numbers[callee]);
            up[numbers[callee]].Add(numbers[caller]);
        }
        callees = [.. down.Select(list => list.Order().ToArray())];
        callers = [.. up.Select(list => list.Order().ToArray())];
        Calls = edges.Count;

        List<int>[] NewLists() => [.. names.Select(_ => new List<int>())];
    }

    /// <summary>In ordinal order.</summary>
    public IReadOnlyList<string> Services => names;

    /// <summary>How many edges there are.</summary>
    public int Calls { get; }

    public bool Contains(string service) => numbers.ContainsKey(service);

    /// <summary>Whom a service calls, in name order; empty for one the graph does not know.</summary>
    public IEnumerable<string> CalleesOf(string service) => Names(service, callees);

    /// <summary>Who calls a service, in name order; empty for one the graph does not know.</summary>
    public IEnumerable<string> CallersOf(string service) => Names(service, callers);

    /// <summary>The shortest chain of calls, both ends included; the first in name order where several are as short.</summary>
    /// <returns>Null when no chain leads from one to the other or the graph does not know one of them.</returns>
    public IReadOnlyList<string>? Path(string caller, string callee)
    {
        if (!numbers.TryGetValue(caller, out var from) || !numbers.TryGetValue(callee, out var to))
            return null;
        var before = new int[names.Length];
        Array.Fill(before, -1);
        before[from] = from;
        var queue = new Queue<int>([from]);
        while (queue.TryDequeue(out var at) && at != to)
        {
            foreach (var next in callees[at])
            {
                if (before[next] >= 0)
                    continue;
                before[next] = at;
                queue.Enqueue(next);
            }
        }
        if (before[to] < 0)
            return null;
        var path = new List<string> { names[to] };
        for (var at = to; at != from; at = before[at])
            path.Add(names[before[at]]);
        path.Reverse();
        return path;
    }

    /// <summary>The number of a service, -1 for one the graph does not know; numbers run in name order.</summary>
    internal int NumberOf(string service) => numbers.GetValueOrDefault(service, -1);

    internal ReadOnlySpan<int> Callees(int service) => callees[service];

    internal ReadOnlySpan<int> Callers(int service) => callers[service];

    private IEnumerable<string> Names(string service, int[][] lists) =>
        numbers.TryGetValue(service, out var number) ? lists[number].Select(other => names[other]) : [];
}
