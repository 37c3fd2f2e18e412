using Archon.Analysis.RootCause;

namespace Archon.Analysis.Correlation;

/// <summary>An alert as the grouper sees it.</summary>
/// <param name="Id">Told once; a second alert of the same id changes nothing while its group can still grow.</param>
/// <param name="AtMs">Unix milliseconds at which it began to fire.</param>
/// <param name="Metric">What it watches, by name; its role is taken from the usual words in it.</param>
public sealed record GroupingAlert(string Id, long AtMs, string Service, string Metric)
{
    /// <summary>Unix milliseconds at which it ended; null while it lasts, or when nobody knows.</summary>
    public long? EndMs { get; init; }
}

/// <summary>How long trouble may take from one alert to the next.</summary>
public sealed record AlertGrouperSettings
{
    /// <summary>From a callee to its caller, and within one service. 20 minutes by default.</summary>
    public TimeSpan Climb { get; init; } = TimeSpan.FromMinutes(20);

    /// <summary>From a caller whose alert came first to its callee, and between callers of one callee. 2 minutes by default.</summary>
    public TimeSpan Overtake { get; init; } = TimeSpan.FromMinutes(2);

    /// <summary>From a caller with more requests to what they load. 3 minutes by default.</summary>
    public TimeSpan Load { get; init; } = TimeSpan.FromMinutes(3);

    /// <summary>How long after its last onset a group takes others; null, the default, for as long as they are near. What a lasting
    /// shortage does to its own service later still belongs to it.</summary>
    public TimeSpan? Quiet { get; init; }
}

/// <summary>What the grouper did with an alert, or with what it knew before.</summary>
public abstract record GroupEvent
{
    private GroupEvent() { }

    /// <summary>Why, as a sentence.</summary>
    public abstract string Reason { get; init; }

    /// <summary>An alert went into a group, or began one.</summary>
    public sealed record Placed(string Alert, int Group, string Reason) : GroupEvent;

    /// <summary>All alerts of one group now belong to another.</summary>
    /// <param name="Alerts">Those that moved, oldest first.</param>
    public sealed record Merged(int From, int Into, IReadOnlyList<string> Alerts, string Reason) : GroupEvent;

    /// <summary>An alert near a group was kept out of it.</summary>
    public sealed record Split(string Alert, int From, int Into, string Reason) : GroupEvent;
}

/// <summary>Gathers alerts that one cause can be behind, one by one as they come.</summary>
/// <remarks>
/// Two alerts are near when trouble can have passed from one to the other in time: latency and errors climb from callee to caller, requests
/// and what they load run from caller to callee, and one service has its own. A group takes a near alert only while at least one of its
/// services can still be behind all of it. Alerts of one service in the very same moment are most often its exporter restarting; they stay
/// apart until something else joins one of them. Groups nothing can join any more are forgotten. Knows only what came before: truncating
/// the input never changes what was told. Not safe for use by several threads.
/// </remarks>
public sealed class AlertGrouper
{
    private readonly ServiceGraph estate;
    private readonly long climbMs;
    private readonly long overtakeMs;
    private readonly long loadMs;
    private readonly long quietMs;
    private readonly Dictionary<string, int> numbers = new(StringComparer.Ordinal);
    private readonly List<Service> services = [];
    private readonly Dictionary<string, int> groupOf = new(StringComparer.Ordinal);
    private readonly Dictionary<int, Group> groups = [];
    private readonly Queue<Member> remembered = new();
    private int lastGroup;
    private long nowMs = long.MinValue;

    /// <param name="estate">Who calls whom; services it does not know are near themselves alone.</param>
    public AlertGrouper(ServiceGraph estate, AlertGrouperSettings settings)
    {
        this.estate = estate;
        (climbMs, overtakeMs, loadMs) = (
            (long)settings.Climb.TotalMilliseconds,
            (long)settings.Overtake.TotalMilliseconds,
            (long)settings.Load.TotalMilliseconds
        );
        quietMs = settings.Quiet is { } quiet ? (long)quiet.TotalMilliseconds : long.MaxValue;
        foreach (var name in estate.Services)
            NumberOf(name);
    }

    private enum Kind
    {
        Symptom,
        Requests,
        Usage,
    }

    /// <param name="alert">In time order; one that comes late counts as of now.</param>
    /// <returns>What happened, in order; the alert's own placing first. Empty when the id was told before.</returns>
    public IReadOnlyList<GroupEvent> Add(GroupingAlert alert)
    {
        if (groupOf.ContainsKey(alert.Id))
            return [];
        var service = NumberOf(alert.Service);
        nowMs = Math.Max(nowMs, alert.AtMs);
        Forget();
        var member = new Member(alert, nowMs, service, KindOf(alert.Metric));
        remembered.Enqueue(member);
        var events = new List<GroupEvent>();
        var (candidates, twins) = Near(member);
        // What is used up is felt where it is; requests are nobody's pain.
        var below = member.Kind switch
        {
            Kind.Symptom => Reach(service, callees: true),
            Kind.Usage => [service],
            _ => [],
        };
        var group = new Group(++lastGroup, member, below, Reach(service, callees: false));
        groups[group.Number] = group;
        groupOf[alert.Id] = group.Number;
        var home = Join(group, candidates, events);
        if (home != group.Number)
            AddTwins(home, events);
        services[service].Alerts.Add(member);
        if (events.Exists(one => one is GroupEvent.Placed))
            return events;
        var reason = (events.Count > 0, twins > 0) switch
        {
            (true, _) => "No nearby group can share its cause.",
            (_, true) => $"Other alerts of {alert.Service} began at the same time and nothing else did. It is alone until another joins.",
            _ => "No related alert came before it.",
        };
        events.Insert(0, new GroupEvent.Placed(alert.Id, group.Number, reason));
        return events;
    }

    /// <summary>A group whose last alert nothing can follow any more takes no memory.</summary>
    private void Forget()
    {
        while (remembered.TryPeek(out var oldest) && nowMs - oldest.AtMs > climbMs)
        {
            remembered.Dequeue();
            services[oldest.Service].Alerts.Remove(oldest);
            if (!groupOf.TryGetValue(oldest.Alert.Id, out var number) || nowMs - groups[number].LastMs <= climbMs)
                continue;
            foreach (var member in groups[number].Members)
                groupOf.Remove(member.Alert.Id);
            groups.Remove(number);
        }
    }

    private int Join(Group group, List<(int Group, long Behind, string Reason)> candidates, List<GroupEvent> events)
    {
        var home = group;
        foreach (var (number, _, reason) in candidates)
        {
            // The alert joins the first group it can; every later one joins that.
            if (!groups.TryGetValue(number, out var other) || other == home || IsOver(other, group))
                continue;
            if (!other.CanTake(home))
            {
                if (home != group)
                    continue;
                var apart = $"{reason} But no service can be behind it and all of group {number}.";
                events.Add(new GroupEvent.Split(group.First, number, group.Number, apart));
                continue;
            }
            if (home == group)
            {
                Move(home, other);
                events.RemoveAll(one => one is GroupEvent.Split);
                events.Add(new GroupEvent.Placed(group.First, number, reason));
                home = other;
            }
            else
            {
                var moved = other.Members.ConvertAll(member => member.Alert.Id);
                Move(other, home);
                events.Add(new GroupEvent.Merged(number, home.Number, moved, $"{reason} So both groups can have one cause."));
            }
        }
        return home.Number;
    }

    /// <summary>Whether the trouble of a group had settled or ended when an alert began.</summary>
    private bool IsOver(Group group, Group alert)
    {
        if (quietMs == long.MaxValue)
            return false;
        var begun = alert.Members[0];
        if (group.Members.TrueForAll(member => member.Alert.EndMs < begun.AtMs))
            return true;
        var isWorse =
            begun.Kind == Kind.Symptom
            && group.Members.Exists(member =>
                member.Service == begun.Service && member.Kind == Kind.Usage && !(member.Alert.EndMs < begun.AtMs)
            );
        return begun.AtMs - group.LastMs > quietMs && !isWorse;
    }

    /// <summary>What began in the same moment at a service of the group comes along now.</summary>
    private void AddTwins(int home, List<GroupEvent> events)
    {
        var into = groups[home];
        foreach (var member in into.Members.ToList())
        {
            foreach (var twin in services[member.Service].Alerts.Where(twin => twin.AtMs == member.AtMs).ToList())
            {
                var from = groups[groupOf[twin.Alert.Id]];
                if (from == into || !into.CanTake(from))
                    continue;
                var moved = from.Members.ConvertAll(one => one.Alert.Id);
                Move(from, into);
                events.Add(
                    new GroupEvent.Merged(
                        from.Number,
                        home,
                        moved,
                        $"It began in the same moment as another alert of {member.Alert.Service}, which others have joined."
                    )
                );
            }
        }
    }

    private void Move(Group from, Group into)
    {
        into.Take(from);
        foreach (var member in from.Members)
            groupOf[member.Alert.Id] = into.Number;
        groups.Remove(from.Number);
    }

    /// <returns>Groups with an alert near this one, the largest first, each with its reason; and how many alerts began with it at its own
    /// service.</returns>
    private (List<(int Group, long Behind, string Reason)> Candidates, int Twins) Near(Member member)
    {
        var best = new Dictionary<int, (long Behind, string Reason)>();
        var twins = 0;
        foreach (var other in Before(member.Service, member, climbMs))
        {
            var behind = Behind(member, other);
            if (behind == 0)
                twins++;
            else if (behind <= loadMs || (member.Kind == Kind.Requests) == (other.Kind == Kind.Requests))
                Note(other, "the same service");
        }
        foreach (var callee in services[member.Service].Callees)
        {
            foreach (var other in Before(callee, member, climbMs))
            {
                var climbs = member.Kind == Kind.Symptom && other.Kind != Kind.Requests;
                var runs = member.Kind == Kind.Requests && other.Kind == Kind.Requests && Behind(member, other) <= loadMs;
                if (climbs || runs)
                    Note(other, "it calls");
            }
            if (member.Kind != Kind.Symptom)
                continue;
            foreach (var sibling in services[callee].Callers)
            {
                if (sibling == member.Service)
                    continue;
                foreach (var other in Before(sibling, member, overtakeMs))
                {
                    if (other.Kind == Kind.Symptom)
                        Note(other, "a service with a callee in common");
                }
            }
        }
        foreach (var caller in services[member.Service].Callers)
        {
            foreach (var other in Before(caller, member, Math.Max(loadMs, overtakeMs)))
            {
                var overtaken = member.Kind == Kind.Symptom && other.Kind == Kind.Symptom && Behind(member, other) <= overtakeMs;
                if (overtaken || (other.Kind == Kind.Requests && Behind(member, other) <= loadMs))
                    Note(other, "its caller");
            }
        }
        return (
            [
                .. best.Select(one => (one.Key, one.Value.Behind, one.Value.Reason))
                    .OrderByDescending(one => groups[one.Key].Members.Count)
                    .ThenBy(one => one.Behind)
                    .ThenBy(one => one.Key),
            ],
            twins
        );

        void Note(Member other, string relation)
        {
            var (number, behind) = (groupOf[other.Alert.Id], Behind(member, other));
            if (best.TryGetValue(number, out var known) && known.Behind <= behind)
                return;
            best[number] = (
                behind,
                $"{member.Alert.Metric} of {member.Alert.Service} began {behind / 1000} s after "
                    + $"{other.Alert.Metric} of {other.Alert.Service}, {relation}."
            );
        }
    }

    private IEnumerable<Member> Before(int service, Member member, long reachMs) =>
        services[service].Alerts.Where(other => Behind(member, other) <= reachMs);

    private static long Behind(Member member, Member other) => member.AtMs - other.AtMs;

    private static Kind KindOf(string metric) =>
        MetricRoles.Of(metric) switch
        {
            MetricRole.Latency or MetricRole.Errors or MetricRole.Availability => Kind.Symptom,
            MetricRole.Requests => Kind.Requests,
            _ => Kind.Usage,
        };

    /// <summary>A service and all that lie behind it one way, in number order.</summary>
    private int[] Reach(int service, bool callees)
    {
        ref var known = ref callees ? ref services[service].Below : ref services[service].Above;
        if (known is not null)
            return known;
        var seen = new HashSet<int> { service };
        var queue = new Queue<int>([service]);
        while (queue.TryDequeue(out var at))
        {
            foreach (var next in callees ? services[at].Callees : services[at].Callers)
            {
                if (seen.Add(next))
                    queue.Enqueue(next);
            }
        }
        return known = [.. seen.Order()];
    }

    private int NumberOf(string name)
    {
        if (numbers.TryGetValue(name, out var number))
            return number;
        number = services.Count;
        numbers[name] = number;
        var known = estate.NumberOf(name);
        services.Add(known < 0 ? new Service([], []) : new Service(estate.Callees(known).ToArray(), estate.Callers(known).ToArray()));
        return number;
    }

    private sealed record Member(GroupingAlert Alert, long AtMs, int Service, Kind Kind);

    private sealed class Service(int[] callees, int[] callers)
    {
        public int[] Callees { get; } = callees;
        public int[] Callers { get; } = callers;
        public List<Member> Alerts { get; } = [];

        public int[]? Below;
        public int[]? Above;
    }

    /// <summary>Alerts with the services that can be behind all of them, whether trouble climbs or load runs.</summary>
    private sealed class Group(int number, Member first, int[] below, int[] above)
    {
        // Where it hurts, and where more came in or is used: only from such a service can trouble climb, or load run.
        private readonly HashSet<int> hurt = first.Kind == Kind.Requests ? [] : [first.Service];
        private readonly HashSet<int> loaded = first.Kind == Kind.Symptom ? [] : [first.Service];
        private int[] below = below;
        private int[] above = above;

        public int Number { get; } = number;
        public string First { get; } = first.Alert.Id;
        public List<Member> Members { get; } = [first];
        public long LastMs { get; private set; } = first.AtMs;

        public bool CanTake(Group other) => CanClimb(other) || CanRun(other);

        public void Take(Group other)
        {
            // A way that no alerted service explains yet stays open: the alert that explains it may be the next one.
            (below, above) = (Intersect(below, other.below), Intersect(above, other.above));
            hurt.UnionWith(other.hurt);
            loaded.UnionWith(other.loaded);
            Members.AddRange(other.Members);
            LastMs = Math.Max(LastMs, other.LastMs);
        }

        private bool CanClimb(Group other) =>
            Array.Exists(Intersect(below, other.below), service => hurt.Contains(service) || other.hurt.Contains(service));

        private bool CanRun(Group other) =>
            Array.Exists(Intersect(above, other.above), service => loaded.Contains(service) || other.loaded.Contains(service));

        private static int[] Intersect(int[] one, int[] other)
        {
            var common = new List<int>();
            for (int i = 0, j = 0; i < one.Length && j < other.Length; )
            {
                var order = one[i].CompareTo(other[j]);
                if (order == 0)
                    common.Add(one[i]);
                if (order <= 0)
                    i++;
                if (order >= 0)
                    j++;
            }
            return [.. common];
        }
    }
}
