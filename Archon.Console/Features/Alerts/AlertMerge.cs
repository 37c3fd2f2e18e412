using Archon.Data.Alerts;
using Archon.Integrations.Alertmanager;
using Archon.Integrations.Prometheus;

namespace Archon.Features.Alerts;

/// <summary>What one server that evaluates rules runs, with the alerts of each rule.</summary>
internal sealed record EvaluatedRules(string Source, IReadOnlyList<PrometheusRuleGroup> Groups);

/// <summary>What Alertmanager has.</summary>
/// <param name="Integrated">Names of receivers that have an integration; null where its configuration was never read.</param>
internal sealed record ReceivedAlerts(IReadOnlyList<AlertmanagerAlert> Alerts, IReadOnlySet<string>? Integrated);

/// <summary>Makes one list of the alerts of several servers. Pure: the same answers give the same list.</summary>
internal static class AlertMerge
{
    /// <summary>The source of an alert that no server that evaluates rules has.</summary>
    public const string Alertmanager = "Alertmanager";

    private const int LongestFingerprint = 64;

    /// <summary>Silences, alerts that inhibit, and receivers that are kept of one alert.</summary>
    private const int MostNoted = 20;

    /// <param name="kept">Alerts of servers that did not answer, as they were.</param>
    /// <param name="received">Null where Alertmanager did not answer.</param>
    /// <param name="ended">Alertmanager's fingerprints of alerts that ended: it keeps them until it learns of that.</param>
    /// <returns>One for each set of labels, the worst first.</returns>
    public static List<ActiveAlert> Of(
        IReadOnlyList<EvaluatedRules> evaluated,
        IReadOnlyList<ActiveAlert> kept,
        ReceivedAlerts? received,
        IReadOnlySet<string> ended,
        DateTimeOffset now
    )
    {
        var found = new Dictionary<string, Labelled>(StringComparer.Ordinal);
        foreach (
            var one in evaluated.SelectMany(rules => Evaluated(rules, now)).Concat(kept.Select(alert => new Labelled(alert, alert.Labels)))
        )
        {
            // Two rules may give one set of labels; to Alertmanager they are one alert.
            if (!found.TryGetValue(one.Alert.Fingerprint, out var same) || one.Alert.State < same.Alert.State)
                found[one.Alert.Fingerprint] = one;
        }
        if (received is not null)
        {
            foreach (var alert in Unmatched([.. found.Values], received))
            {
                if (ended.Contains(FingerprintOf(alert)))
                    continue;
                var only = Received(alert, received.Integrated, now);
                found.TryAdd(only.Fingerprint, new Labelled(only, alert.Labels));
            }
        }
        return
        [
            .. found
                .Values.Select(one => one.Alert)
                .OrderBy(alert => alert.IsHeartbeat)
                .ThenBy(alert => alert.State)
                .ThenBy(alert => alert.SilencedBy.Length > 0)
                .ThenBy(alert => alert.Severity)
                .ThenBy(alert => alert.Since)
                .ThenBy(alert => alert.Fingerprint, StringComparer.Ordinal),
        ];
    }

    private static IEnumerable<Labelled> Evaluated(EvaluatedRules rules, DateTimeOffset now)
    {
        foreach (var group in rules.Groups)
        {
            var ordinals = new Dictionary<string, int>(StringComparer.Ordinal);
            foreach (var rule in group.Rules.Where(rule => rule.IsAlerting))
            {
                var ordinal = ordinals.GetValueOrDefault(rule.Name);
                ordinals[rule.Name] = ordinal + 1;
                if (rule.Alerts.Count == 0)
                    continue;
                var isHeartbeat = AlertFacts.IsHeartbeat(rule.Name) || AlertFacts.ReadsNothing(rule.Query);
                foreach (var alert in rule.Alerts)
                {
                    if (StateOf(alert) is not { } state)
                        continue;
                    yield return new Labelled(
                        new ActiveAlert
                        {
                            Fingerprint = AlertFacts.Fingerprint(alert.Labels),
                            Name = AlertFacts.Clean(rule.Name),
                            RuleFile = AlertFacts.Clean(group.File),
                            RuleGroup = AlertFacts.Clean(group.Name),
                            RuleOrdinal = ordinal,
                            Severity = AlertFacts.SeverityOf(alert.Labels),
                            State = state,
                            IsHeartbeat = isHeartbeat,
                            Labels = AlertFacts.Bounded(alert.Labels),
                            Annotations = AlertFacts.Bounded(alert.Annotations),
                            Value = AlertFacts.Rounded(alert.Value),
                            Since = Since(alert, state, rule.For, group.Interval, now),
                            Source = rules.Source,
                        },
                        alert.Labels
                    );
                }
            }
        }
    }

    private static ActiveAlertState? StateOf(PrometheusAlert alert) =>
        alert.State switch
        {
            "firing" => ActiveAlertState.Firing,
            "pending" => ActiveAlertState.Pending,
            _ => null,
        };

    /// <summary>A server reports since when the condition is true. It fires from the first evaluation on at which <c>for</c> has passed.</summary>
    private static DateTimeOffset Since(
        PrometheusAlert alert,
        ActiveAlertState state,
        TimeSpan pendingPeriod,
        TimeSpan interval,
        DateTimeOffset now
    )
    {
        if (alert.ActiveAt is not { } activeAt)
            return now;
        if (state == ActiveAlertState.Pending || pendingPeriod <= TimeSpan.Zero)
            return activeAt < now ? activeAt : now;
        var waited = interval > TimeSpan.Zero ? interval * Math.Ceiling(pendingPeriod / interval) : pendingPeriod;
        return now - activeAt > waited ? activeAt + waited : now;
    }

    private static ActiveAlert Received(AlertmanagerAlert alert, IReadOnlySet<string>? integrated, DateTimeOffset now)
    {
        var name = AlertFacts.Clean(alert.Labels.GetValueOrDefault(AlertFacts.NameLabel) ?? "alert");
        var only = new ActiveAlert
        {
            Fingerprint = AlertFacts.Fingerprint(alert.Labels),
            Name = name,
            Severity = AlertFacts.SeverityOf(alert.Labels),
            State = ActiveAlertState.Firing,
            IsHeartbeat = AlertFacts.IsHeartbeat(name),
            Labels = AlertFacts.Bounded(alert.Labels),
            Annotations = AlertFacts.Bounded(alert.Annotations),
            Since = alert.StartsAt < now ? alert.StartsAt : now,
            Source = Alertmanager,
        };
        Note(only, alert, integrated);
        return only;
    }

    /// <summary>Finds each alert of Alertmanager among those of the servers that evaluate rules, and notes on these what becomes of them.</summary>
    /// <remarks>Its labels are not theirs: external labels are added, and relabelling takes some away. Alerts of one name are compared by the
    /// labels that both sides have, in the order of how many these are; one side has to have all labels of the other, as long as any such pair
    /// is left.</remarks>
    /// <returns>Those that none of them has.</returns>
    private static List<AlertmanagerAlert> Unmatched(IReadOnlyList<Labelled> found, ReceivedAlerts received)
    {
        var matched = new HashSet<AlertmanagerAlert>(ReferenceEqualityComparer.Instance);
        var noted = new HashSet<ActiveAlert>(ReferenceEqualityComparer.Instance);
        foreach (var one in found)
            Forget(one.Alert);
        var byName = received.Alerts.ToLookup(alert => alert.Labels.GetValueOrDefault(AlertFacts.NameLabel), StringComparer.Ordinal);
        foreach (var named in found.GroupBy(one => one.Labels.GetValueOrDefault(AlertFacts.NameLabel), StringComparer.Ordinal))
        {
            var ours = named.GroupBy(one => NamesOf(one.Labels), StringComparer.Ordinal).ToList();
            var theirs = byName[named.Key].GroupBy(alert => NamesOf(alert.Labels), StringComparer.Ordinal).ToList();
            var pairs =
                from mine in ours
                from other in theirs
                let names = mine.First().Labels.Keys.Where(other.First().Labels.ContainsKey).Order(StringComparer.Ordinal).ToList()
                let isWhole = names.Count == mine.First().Labels.Count || names.Count == other.First().Labels.Count
                where names.Count > 1 || isWhole
                orderby isWhole descending, names.Count descending
                select (mine, other, names);
            foreach (var (mine, other, names) in pairs)
            {
                var index = mine.Where(one => !noted.Contains(one.Alert))
                    .ToLookup(one => ValuesOf(one.Labels, names), StringComparer.Ordinal);
                foreach (var alert in other.Where(alert => !matched.Contains(alert)))
                {
                    foreach (var one in index[ValuesOf(alert.Labels, names)])
                    {
                        // Another Prometheus of the same estate may have sent it while this one still waits.
                        one.Alert.State = ActiveAlertState.Firing;
                        Note(one.Alert, alert, received.Integrated);
                        noted.Add(one.Alert);
                        matched.Add(alert);
                    }
                }
            }
        }
        return [.. received.Alerts.Where(alert => !matched.Contains(alert))];
    }

    private static void Note(ActiveAlert alert, AlertmanagerAlert received, IReadOnlySet<string>? integrated)
    {
        alert.AlertmanagerFingerprint = FingerprintOf(received);
        alert.SilencedBy = Ordered(received.SilencedBy);
        alert.InhibitedBy = Ordered(received.InhibitedBy);
        alert.Receivers = Ordered(received.Receivers);
        alert.HasReceiver = integrated is null ? null : received.Receivers.Any(integrated.Contains);
    }

    private static string[] Ordered(IReadOnlyList<string> texts) =>
        [.. texts.Take(MostNoted).Select(text => AlertFacts.Clean(text)).Order(StringComparer.Ordinal)];

    private static string FingerprintOf(AlertmanagerAlert alert) => AlertFacts.Clean(alert.Fingerprint, LongestFingerprint);

    private static void Forget(ActiveAlert alert) =>
        (alert.AlertmanagerFingerprint, alert.SilencedBy, alert.InhibitedBy, alert.Receivers, alert.HasReceiver) = (null, [], [], [], null);

    private static string NamesOf(IReadOnlyDictionary<string, string> labels) =>
        string.Concat(labels.Keys.Order(StringComparer.Ordinal).Select(name => $"{name.Length}:{name}"));

    private static string ValuesOf(IReadOnlyDictionary<string, string> labels, IReadOnlyList<string> names) =>
        string.Concat(names.Select(name => $"{labels[name].Length}:{labels[name]}"));

    /// <param name="Labels">All of them, uncut.</param>
    private sealed record Labelled(ActiveAlert Alert, IReadOnlyDictionary<string, string> Labels);
}
