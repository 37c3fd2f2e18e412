namespace Archon.Analysis.RootCause;

/// <summary>Turns findings into ranked services, each with its evidence.</summary>
internal sealed class Hypotheses(CauseQuestion question, IncidentFrame frame, List<Finding> findings, long onsetMs)
{
    private const int Most = 10;
    private const double TroubledZ = 4;
    private const double OtherRole = 0.1;
    private const double OffThePath = 0.2;
    private const double HintWeight = 0.25;
    private static readonly TimeSpan ChangeReach = TimeSpan.FromHours(1);

    private readonly MetricRole breachedRole = question.Breached is { } breached ? RoleOf(frame, breached) : MetricRole.Unknown;
    private readonly bool hasGraph = frame.HasMechanisms;
    private readonly double[] scores = new double[frame.Services.Length];
    private readonly Finding?[] best = new Finding?[frame.Services.Length];
    private readonly double[] bestParts = new double[frame.Services.Length];
    private readonly Dictionary<Finding, double> shares = [];
    private readonly List<int>[] newCallees = [.. frame.Services.Select(_ => new List<int>())];

    /// <param name="least">Services with less confidence are left out.</param>
    public List<Hypothesis> Ranked(double least)
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
            .ThenBy(service => service)
            .Take(Most)
            .Select(service => (Service: service, Confidence: scores[service] / total * best[service]!.Certainty));
        return [.. ranked.Where(one => one.Confidence >= least).Select(one => Report(one.Service, one.Confidence, troubled))];
    }

    private static MetricRole RoleOf(IncidentFrame frame, BreachedObjective breached) =>
        frame.All.Find(signal => signal.Metric == breached.Metric && frame.Services[signal.Service] == breached.Service)?.Role
        ?? MetricRole.Unknown;

    /// <summary>A finding counts by how sure it is and by its share of all that arose in its role.</summary>
    private void Weigh()
    {
        var totals = findings
            .Where(finding => finding.IsCandidate)
            .GroupBy(finding => hasGraph ? finding.Signal.Role : MetricRole.Unknown)
            .ToDictionary(role => role.Key, role => role.Sum(Trouble));
        foreach (var finding in findings)
        {
            var service = finding.Signal.Service;
            if (!finding.IsCandidate)
                continue;
            var total = totals[hasGraph ? finding.Signal.Role : MetricRole.Unknown];
            if (total <= 0)
                continue;
            shares[finding] = Trouble(finding) / total;
            var part = shares[finding] * (hasGraph ? finding.Certainty : 1);
            if (hasGraph && question.Breached is { } breached)
            {
                if (breachedRole != MetricRole.Unknown && finding.Signal.Role != breachedRole)
                    part *= OtherRole;
                var isOff = frame.Graph.Contains(breached.Service) && frame.Graph.Path(breached.Service, frame.Services[service]) is null;
                if (isOff)
                    part *= OffThePath;
            }
            scores[service] = hasGraph ? scores[service] + part : Math.Max(scores[service], part);
            if (best[service] is not null && part <= bestParts[service])
                continue;
            (best[service], bestParts[service]) = (finding, part);
        }
    }

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
                !hasGraph ? new Evidence.BeyondItsRange(name, metric, usual, one.Shift, one.Z)
                : one.IsCandidate ? new Evidence.MovedByItself(name, metric, usual, one.Shift, one.Z)
                : new Evidence.Supported(name, metric, usual, one.Shift, one.Z)
            );
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
