namespace Archon.Analysis.RootCause;

/// <summary>Turns findings into ranked services, each with its evidence.</summary>
internal sealed class Hypotheses(CauseQuestion question, IncidentFrame frame, List<Finding> findings, long onsetMs)
{
    private const double TroubledZ = 4;
    private const double OtherRole = 0.1;
    private const double OffThePath = 0.2;
    private const double HintWeight = 0.25;

    // What one caller of a service lacks says little of that service.
    private const double OneCaller = 0.2;

    // What a client waits for is most often made by those it asks.
    private const double ClientSide = 0.5;

    // How far a service went beyond its range counts beside what nothing else explains; less where users feel it, which is explained already.
    private const double Excursions = 0.4;
    private const double FeltExcursion = 0.3;
    private const double LeastLost = 0.1;
    private const double Tail = 1e-3;
    private const double LeastDown = 0.5;

    // A cause that the alerts cannot have come from is none, unless calls are missing.
    private const double Unreached = 0.1;
    private static readonly TimeSpan ChangeReach = TimeSpan.FromHours(1);

    private readonly MetricRole breachedRole = question.Breached is { } breached ? RoleOf(frame, breached) : MetricRole.Unknown;
    private readonly bool hasGraph = frame.HasMechanisms;
    private readonly double[] scores = new double[frame.Services.Length];
    private readonly Finding?[] best = new Finding?[frame.Services.Length];
    private readonly double[] bestParts = new double[frame.Services.Length];
    private readonly double[] certainties = new double[frame.Services.Length];
    private readonly List<Finding>[] onTheWay = [.. frame.Services.Select(_ => new List<Finding>())];
    private readonly Dictionary<Finding, double> shares = [];
    private readonly List<int>[] newCallees = [.. frame.Services.Select(_ => new List<int>())];

    /// <summary>All services that moved, the likeliest first.</summary>
    public List<Hypothesis> Ranked()
    {
        Weigh();
        HandToCallers();
        AddPriors();
        var total = scores.Sum();
        if (total <= 0)
            return [];
        var troubled = Troubled();
        var ranked = Enumerable
            .Range(0, scores.Length)
            .Where(service => scores[service] > 0 && best[service] is not null)
            .OrderByDescending(service => scores[service])
            .ThenByDescending(service => Moved(best[service]!))
            .ThenBy(service => service)
            .Select(service => (Service: service, Confidence: scores[service] / total * certainties[service]));
        return [.. ranked.Select(one => Report(one.Service, one.Confidence, troubled))];
    }

    private static MetricRole RoleOf(IncidentFrame frame, BreachedObjective breached) =>
        frame.All.Find(signal => signal.Metric == breached.Metric && frame.Services[signal.Service] == breached.Service)?.Role
        ?? MetricRole.Unknown;

    /// <summary>A finding counts by how sure it is and by its share of all that arose in its role.</summary>
    private void Weigh()
    {
        if (hasGraph)
        {
            var own = findings.Where(finding => finding.IsCandidate && finding.Signal.Side == MetricSide.Server);
            foreach (var role in own.GroupBy(finding => finding.Signal.Role))
            {
                var total = role.Sum(Trouble);
                if (total <= 0)
                    continue;
                foreach (var finding in role)
                {
                    shares[finding] = Trouble(finding) / total;
                    Count(finding.Signal.Service, finding, shares[finding] * finding.Certainty, finding.Certainty);
                }
            }
            var felt = findings.Where(finding => finding.IsCandidate && finding.Signal.Role is MetricRole.Latency or MetricRole.Errors);
            foreach (var role in felt.GroupBy(finding => finding.Signal.Role))
                WeighNetwork(role);
        }
        WeighExcursions();
        WeighDown();
        // Behind all that stands out comes what moved at all.
        foreach (var one in findings.GroupBy(finding => finding.Signal.Service))
        {
            var most = one.MaxBy(Moved)!;
            Count(one.Key, most, Tail * Moved(most) / (1 + Moved(most)), most.Certainty);
        }
    }

    private static double Moved(Finding finding) => Math.Max(0, Math.Max(finding.Far, finding.Z));

    private void Count(int service, Finding finding, double part, double certainty)
    {
        if (hasGraph && question.Breached is { } breached)
        {
            if (breachedRole != MetricRole.Unknown && finding.Signal.Role != breachedRole)
                part *= OtherRole;
            var isOff = frame.Graph.Contains(breached.Service) && frame.Graph.Path(breached.Service, frame.Services[service]) is null;
            if (isOff)
                part *= OffThePath;
        }
        scores[service] += part;
        if (part > bestParts[service])
            (bestParts[service], certainties[service]) = (part, certainty);
        else if (best[service] is not null)
            return;
        // What others measure of a service says that it is the cause, not which of its own metrics shows it.
        if (finding.Signal.Service == service)
            best[service] = finding;
    }

    /// <summary>What the calls of a service take or fail beyond what those it calls say of themselves happens on the way: at the network of
    /// the caller, which then slows all its calls and those to it, or at that of a callee, which then slows all who call it.</summary>
    private void WeighNetwork(IEnumerable<Finding> role)
    {
        // Who does not measure its calls shows them in its own answers.
        var gaps = role.GroupBy(finding => finding.Signal.Service)
            .ToDictionary(one => one.Key, one => one.MaxBy(finding => finding.Signal.Side)!);
        var total = gaps.Values.Sum(Trouble);
        if (total <= 0)
            return;
        var parts = new double[scores.Length];
        for (var service = 0; service < scores.Length; service++)
        {
            var callers = frame.CallersOf(service);
            var touched = frame.CalleesOf(service).Any() ? callers.Append(service) : callers;
            var expected = touched.Where(gaps.ContainsKey).Select(one => gaps[one]).ToList();
            if (expected.Count == 0)
                continue;
            parts[service] = expected.Sum(Trouble) / total * expected.Average(finding => finding.Certainty);
            // Answers that are late at one service are its own; late at several that call the same one, they are of that one.
            if (
                expected.TrueForAll(finding => finding.Signal.Side == MetricSide.Server)
                && expected.Count(finding => finding.Certainty > 0.5) < 2
            )
                parts[service] *= OneCaller;
            onTheWay[service].AddRange(expected.Where(finding => finding.Z >= TroubledZ && finding.Signal.Side == MetricSide.Client));
        }
        var sum = parts.Sum();
        for (var service = 0; service < scores.Length; service++)
        {
            if (parts[service] <= 0)
                continue;
            var shown = gaps.GetValueOrDefault(service) ?? role.First();
            Count(service, shown, parts[service] * parts[service] / sum, Math.Min(1, parts[service]));
        }
    }

    /// <summary>How far beyond its own range each service went, whatever it is that moved: what is used up shows where users feel
    /// nothing.</summary>
    private void WeighExcursions()
    {
        // Time is lost where it arises, and callers inherit a part: of all latencies, the one with the most lost seconds leads.
        var lost = new double[scores.Length];
        foreach (var finding in findings.Where(finding => finding.IsCandidate && IsOwnTime(finding.Signal)))
            lost[finding.Signal.Service] = frame.Requests[finding.Signal.Service] is null ? double.PositiveInfinity : finding.Mass;
        var most = lost.Where(double.IsFinite).Max();
        var peaks = new (Finding Finding, double Far)?[scores.Length];
        var families = findings.GroupBy(finding =>
            finding.Signal is { Role: MetricRole.Latency or MetricRole.Errors } signal
                ? (signal.Service, signal.Role, signal.Side, Name: "")
                : (finding.Signal.Service, finding.Signal.Role, finding.Signal.Side, finding.Signal.Name)
        );
        foreach (var family in families)
        {
            // Several quantiles of one time say the same, and the outer ones are loud by chance: two have to agree.
            var second = family.OrderByDescending(finding => finding.Excess).Take(2).Last();
            var far = second.Excess;
            if (family.Key.Side == MetricSide.Client)
                far *= hasGraph ? 0 : ClientSide;
            if (hasGraph && family.Key.Role is MetricRole.Latency or MetricRole.Errors)
                far *= FeltExcursion;
            if (!hasGraph && most > 0 && IsOwnTime(second.Signal))
                far *= Math.Sqrt(Math.Clamp(lost[family.Key.Service] / most, LeastLost, 1));
            if (far > (peaks[family.Key.Service]?.Far ?? 0))
                peaks[family.Key.Service] = (second, far);
        }
        var total = peaks.Sum(peak => peak?.Far ?? 0);
        for (var service = 0; service < peaks.Length; service++)
        {
            if (peaks[service] is not { } peak)
                continue;
            var certainty = Math.Max(peak.Finding.Certainty, Finding.CertaintyAt(peak.Finding.Excess));
            Count(service, peak.Finding, (hasGraph ? Excursions : 1) * peak.Far / total, certainty);
        }
    }

    /// <summary>What does not answer is a cause by itself, whatever else it no longer says. When most of all is silent, the monitoring
    /// is.</summary>
    private void WeighDown()
    {
        var down = new double[scores.Length];
        for (var service = 0; service < down.Length; service++)
        {
            if (frame.DownSince(service) is > LeastDown and var share)
                down[service] = share;
        }
        var (sum, known) = (down.Sum(), findings.Select(finding => finding.Signal.Service).Distinct().Count());
        if (sum == 0 || 2 * down.Count(share => share > 0) > Math.Max(2, known))
            return;
        for (var service = 0; service < down.Length; service++)
        {
            if (down[service] > 0 && findings.Find(finding => finding.Signal.Service == service) is { } any)
                Count(
                    service,
                    findings.Find(one => one.Signal.Service == service && one.Signal.Role == MetricRole.Up) ?? any,
                    2 * down[service] / sum,
                    1
                );
        }
    }

    private static bool IsOwnTime(Signal signal) => signal is { Role: MetricRole.Latency, Side: MetricSide.Server };

    /// <summary>What moved by less than its own noise is no share of anything.</summary>
    private static double Trouble(Finding finding) => finding.Z > 1 ? finding.Certainty * Math.Max(0, finding.Mass) : 0;

    /// <summary>What a service calls that nobody called before says more of the caller than of the called.</summary>
    private void HandToCallers()
    {
        if (!hasGraph)
            return;
        for (var service = 0; service < scores.Length; service++)
        {
            if (scores[service] <= 0 || !frame.IsNew(service))
                continue;
            var callers = frame.CallersOf(service).ToList();
            if (callers.Count == 0)
                continue;
            foreach (var caller in callers)
            {
                scores[caller] += scores[service] / callers.Count;
                best[caller] ??= best[service];
                newCallees[caller].Add(service);
            }
            scores[service] /= 2;
        }
    }

    private void AddPriors()
    {
        foreach (var change in question.Changes)
        {
            if (frame.NumberOf(change.Service) is not (>= 0 and var service) || Before(change) is not { } before)
                continue;
            scores[service] *= 1 + Math.Exp(-before / (ChangeReach / 4));
        }
        WeighReach();
        foreach (var service in question.Hints.Select(hint => frame.NumberOf(hint.Service)).Distinct().Where(service => service >= 0))
        {
            scores[service] *=
                1
                + (
                    HintWeight
                    * question.Hints.Where(hint => frame.NumberOf(hint.Service) == service).Max(hint => Math.Clamp(hint.Confidence, 0, 1))
                );
        }
    }

    /// <summary>A cause reaches the services whose alerts are to be explained: it is one of them, they call it, or its load runs to
    /// them.</summary>
    private void WeighReach()
    {
        var alerted = question.Hints.Select(hint => hint.Service).Distinct().Where(frame.Graph.Contains).ToList();
        var others = question.Hints.Select(hint => frame.NumberOf(hint.Service)).Where(service => service >= 0).ToHashSet();
        if (others.Count == 0)
            return;
        for (var service = 0; service < scores.Length; service++)
        {
            if (scores[service] <= 0)
                continue;
            var name = frame.Services[service];
            var isLoad = best[service]?.Signal.Role == MetricRole.Requests;
            var reached = alerted.Count(one =>
                one == name || (isLoad ? frame.Graph.Path(name, one) : frame.Graph.Path(one, name)) is not null
            );
            var share =
                alerted.Count > 0 ? (double)reached / alerted.Count
                : others.Contains(service) ? 1
                : 0;
            var reach = Unreached + ((1 - Unreached) * share);
            scores[service] *= reach;
            // Being the only one that moved makes nothing surer that the alerts cannot have come from.
            certainties[service] *= reach;
        }
    }

    /// <returns>Null when the change is too old to matter, or came after.</returns>
    private TimeSpan? Before(ServiceChange change)
    {
        var before = TimeSpan.FromMilliseconds(onsetMs - change.AtMs);
        return before <= ChangeReach && before >= -Step()
            ? before < TimeSpan.Zero
                ? TimeSpan.Zero
                : before
            : null;
    }

    private TimeSpan Step() => TimeSpan.FromMilliseconds(CauseRanker.StepOf(question.Times.Span));

    /// <summary>Services whose users feel something, whatever explains it.</summary>
    private HashSet<int> Troubled() =>
        [
            .. findings
                .Where(finding =>
                    finding.Signal.Role is MetricRole.Latency or MetricRole.Errors && finding.IsCandidate && finding.RawZ >= TroubledZ
                )
                .Select(finding => finding.Signal.Service),
        ];

    private Hypothesis Report(int service, double confidence, HashSet<int> troubled)
    {
        var finding = best[service]!;
        var name = frame.Services[service];
        var (speaksFor, against) = (new List<Evidence>(), new List<Evidence>());
        foreach (
            var one in findings
                .Where(one => one.Signal.Service == service)
                .OrderByDescending(one => shares.GetValueOrDefault(one))
                .ThenByDescending(one => one.Z)
        )
        {
            if (one.Z < TroubledZ && one != finding)
                continue;
            var (metric, usual) = (one.Signal.Name, one.Signal.Median);
            speaksFor.Add(
                !hasGraph ? new Evidence.BeyondItsRange(name, metric, usual, one.Shift, one.Far)
                : one.IsCandidate ? new Evidence.MovedByItself(name, metric, usual, one.Shift, one.Z)
                : new Evidence.Supported(name, metric, usual, one.Shift, one.Z)
            );
        }
        if (frame.DownSince(service) is > LeastDown and var silent)
            speaksFor.Insert(0, new Evidence.Down(name, silent));
        if (onTheWay[service] is [var way, ..] calls)
        {
            var measured = calls.Select(call => frame.Services[call.Signal.Service]).Distinct().Order(StringComparer.Ordinal);
            speaksFor.Add(new Evidence.OnTheWay(name, [.. measured], way.Signal.Name));
        }
        foreach (var callee in newCallees[service])
            speaksFor.Add(new Evidence.NewlyCalled(name, frame.Services[callee]));
        if (shares.TryGetValue(finding, out var share) && hasGraph)
        {
            if (share >= 0.5)
                speaksFor.Add(new Evidence.ShareOfTrouble(name, finding.Signal.Name, share));
            else
                against.Add(new Evidence.ShareOfTrouble(name, finding.Signal.Name, share));
        }
        ReportOrder(finding, speaksFor, against);
        ReportReach(service, finding, troubled, speaksFor, against);
        foreach (var change in question.Changes.Where(change => change.Service == name))
        {
            if (Before(change) is { } before)
                speaksFor.Add(new Evidence.Changed(change, before));
        }
        foreach (var hint in question.Hints.Where(hint => hint.Service == name))
            speaksFor.Add(new Evidence.Alerted(hint));
        if (finding.RawShift > finding.Shift && finding.RawShift > 0 && finding.RawZ >= TroubledZ)
        {
            against.Add(new Evidence.Explained(name, finding.Signal.Name, Math.Clamp(1 - (finding.Shift / finding.RawShift), 0, 1)));
        }
        var gaps = Gaps(finding.Signal);
        if (gaps >= 0.1)
            against.Add(new Evidence.Gaps(name, gaps));
        return new Hypothesis(name, finding.Signal.Metric, confidence, speaksFor, against, PathTo(service, finding, troubled));
    }

    private void ReportOrder(Finding finding, List<Evidence> speaksFor, List<Evidence> against)
    {
        if (finding.FirstRow < 0)
            return;
        var earliest = findings
            .Where(one => one.FirstRow >= 0 && one.Z >= TroubledZ && one.Signal.Service != finding.Signal.Service)
            .Select(one => one.FirstRow)
            .DefaultIfEmpty(int.MaxValue)
            .Min();
        var (name, metric) = (frame.Services[finding.Signal.Service], finding.Signal.Name);
        if (finding.FirstRow <= earliest)
            speaksFor.Add(new Evidence.MovedFirst(name, metric, Step() * (finding.FirstRow - frame.Window)));
        else
            against.Add(new Evidence.MovedLater(name, metric, Step() * (finding.FirstRow - earliest)));
    }

    private void ReportReach(int service, Finding finding, HashSet<int> troubled, List<Evidence> speaksFor, List<Evidence> against)
    {
        var others = troubled.Where(other => other != service).ToList();
        if (!hasGraph || others.Count == 0)
            return;
        var reached = others.Count(other => Path(other, service, finding) is not null);
        if (reached > 0)
            speaksFor.Add(new Evidence.Reaches(frame.Services[service], reached, others.Count));
        if (reached < others.Count)
            against.Add(new Evidence.DoesNotReach(frame.Services[service], others.Count - reached, others.Count));
    }

    /// <summary>Trouble climbs from callee to caller, load runs from caller to callee.</summary>
    private IReadOnlyList<string>? Path(int troubled, int cause, Finding finding)
    {
        if (finding.Signal.Role != MetricRole.Requests)
            return frame.Graph.Path(frame.Services[troubled], frame.Services[cause]);
        return frame.Graph.Path(frame.Services[cause], frame.Services[troubled])?.Reverse().ToList();
    }

    /// <summary>From the breached objective, or else from the troubled service furthest away that the cause reaches.</summary>
    private IReadOnlyList<string> PathTo(int service, Finding finding, HashSet<int> troubled)
    {
        IReadOnlyList<string>? path = null;
        if (question.Breached is { } breached && frame.NumberOf(breached.Service) is >= 0 and var symptom)
        {
            path = Path(symptom, service, finding);
        }
        if (path is not null)
            return path;
        foreach (var other in troubled.Order())
        {
            if (Path(other, service, finding) is { } one && one.Count > (path?.Count ?? 0))
                path = one;
        }
        return path ?? [frame.Services[service]];
    }

    private double Gaps(Signal signal)
    {
        var gaps = 0;
        foreach (var value in signal.Values.AsSpan(frame.Window))
            gaps += double.IsNaN(value) ? 1 : 0;
        return (double)gaps / (frame.Rows - frame.Window);
    }
}
