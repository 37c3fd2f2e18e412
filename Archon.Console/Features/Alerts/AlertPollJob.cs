using Archon.ConfigFiles.Alertmanager;
using Archon.Data;
using Archon.Data.Alerts;
using Archon.Data.Catalogue;
using Archon.Features.Scanning;
using Archon.Features.Services;
using Archon.Integrations;
using Archon.Integrations.Alertmanager;
using Archon.Integrations.Prometheus;
using Archon.Jobs;
using Archon.Live;
using Hangfire;
using Microsoft.EntityFrameworkCore;

namespace Archon.Features.Alerts;

/// <summary>Asks every server for the alerts of an environment and stores them. Pages read what is stored, and nothing else asks for them.</summary>
public sealed partial class AlertPollJob(
    IDbContextFactory<ArchonDbContext> contexts,
    Upstreams upstreams,
    IEnumerable<IAlertSource> sources,
    TimeProvider clock,
    ILogger<AlertPollJob> logger
)
{
    internal const string Prometheus = "Prometheus";
    internal static readonly TimeSpan Interval = TimeSpan.FromSeconds(15);

    /// <summary>Alerts that have a row, the worst first. All others are counted.</summary>
    public const int MostStored = 5_000;

    private const int LongestReason = 2_000;

    [Queue("triage"), AutomaticRetry(Attempts = 0), AdvisoryLock("alert-poll:{0}", WhenTaken = WhenLockTaken.Skip)]
    public async Task PollAsync(int environmentId, CancellationToken cancellationToken)
    {
        var clients = upstreams.For(environmentId);
        var asking = sources.Select(source => AskAsync(source, environmentId, cancellationToken)).ToList();
        var (rules, alerts, status) = (
            clients.Prometheus.AlertRulesAsync(cancellationToken),
            clients.Alertmanager.AlertsAsync(null, null, cancellationToken),
            clients.Alertmanager.StatusAsync(cancellationToken)
        );
        List<(string Source, Fetch<IReadOnlyList<PrometheusRuleGroup>> Answer)> answers = [(Prometheus, await rules)];
        foreach (var (source, answer) in await Task.WhenAll(asking))
        {
            if (answer is not null)
                answers.Add((source, answer));
        }
        await StoreAsync(environmentId, answers, await alerts, await status, cancellationToken);
    }

    private static async Task<(string Source, Fetch<IReadOnlyList<PrometheusRuleGroup>>? Answer)> AskAsync(
        IAlertSource source,
        int environmentId,
        CancellationToken cancellationToken
    ) => (source.Name, await source.AlertRulesAsync(environmentId, cancellationToken));

    private async Task StoreAsync(
        int environmentId,
        IReadOnlyList<(string Source, Fetch<IReadOnlyList<PrometheusRuleGroup>> Answer)> answers,
        Fetch<IReadOnlyList<AlertmanagerAlert>> alerts,
        Fetch<AlertmanagerStatus> status,
        CancellationToken cancellationToken
    )
    {
        var now = clock.GetUtcNow();
        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        await using var transaction = await db.Database.BeginTransactionAsync(cancellationToken);
        var poll = await db.AlertPolls.SingleOrDefaultAsync(one => one.EnvironmentId == environmentId, cancellationToken);
        if (poll is null)
        {
            poll = new AlertPoll { EnvironmentId = environmentId };
            db.AlertPolls.Add(poll);
        }
        var before = Said(poll);
        NoteAnswers(poll, answers, alerts, status, now);

        var stored = await db.ActiveAlerts.Where(alert => alert.EnvironmentId == environmentId).ToListAsync(cancellationToken);
        var found = Found(stored, answers, alerts, status, now);
        Count(poll, found);
        found = [.. found.Take(MostStored)];
        await PlaceAsync(db, environmentId, found, cancellationToken);
        var (hasChanged, areServicesConcerned) = Write(db, environmentId, stored, found);
        await db.SaveChangesAsync(cancellationToken);
        if (hasChanged || Said(poll) != before)
            await db.AnnounceAsync(AlertTopic.Id, environmentId, cancellationToken);
        // What fires is part of the state of its service.
        if (areServicesConcerned)
            await db.AnnounceAsync(ServiceTopic.Id, environmentId, cancellationToken);
        await transaction.CommitAsync(cancellationToken);
    }

    private static List<ActiveAlert> Found(
        List<ActiveAlert> stored,
        IReadOnlyList<(string Source, Fetch<IReadOnlyList<PrometheusRuleGroup>> Answer)> answers,
        Fetch<IReadOnlyList<AlertmanagerAlert>> alerts,
        Fetch<AlertmanagerStatus> status,
        DateTimeOffset now
    )
    {
        var evaluated = new List<EvaluatedRules>();
        foreach (var (source, answer) in answers)
        {
            if (answer is Fetch<IReadOnlyList<PrometheusRuleGroup>>.Ok { Value: var groups })
                evaluated.Add(new EvaluatedRules(source, groups));
        }
        var silent = answers.Select(answer => answer.Source).Except(evaluated.Select(one => one.Source)).ToHashSet(StringComparer.Ordinal);
        var received = alerts is Fetch<IReadOnlyList<AlertmanagerAlert>>.Ok { Value: var all }
            ? new ReceivedAlerts(all, Integrated(status))
            : null;
        // A server that does not answer ends nothing.
        var kept = stored
            .Where(alert => silent.Contains(alert.Source) || (received is null && alert.Source == AlertMerge.Alertmanager))
            .Select(Copy)
            .ToList();
        var firing = evaluated
            .SelectMany(rules => rules.Groups)
            .SelectMany(group => group.Rules)
            .SelectMany(rule => rule.Alerts)
            .Select(alert => AlertFacts.Fingerprint(alert.Labels))
            .ToHashSet(StringComparer.Ordinal);
        var ended = stored
            .Where(alert =>
                alert.AlertmanagerFingerprint is not null
                && alert.Source != AlertMerge.Alertmanager
                && !silent.Contains(alert.Source)
                && !firing.Contains(alert.Fingerprint)
            )
            .Select(alert => alert.AlertmanagerFingerprint!)
            .ToHashSet(StringComparer.Ordinal);
        var found = AlertMerge.Of(evaluated, kept, received, ended, now);
        var known = stored.ToDictionary(alert => alert.Fingerprint, StringComparer.Ordinal);
        foreach (var alert in found)
        {
            if (!known.TryGetValue(alert.Fingerprint, out var was))
                continue;
            // A server that was restarted begins to count anew; the alert goes on.
            if (was.State == alert.State && was.Since < alert.Since)
                alert.Since = was.Since;
            if (received is null)
            {
                (alert.AlertmanagerFingerprint, alert.SilencedBy, alert.InhibitedBy, alert.Receivers, alert.HasReceiver) = (
                    was.AlertmanagerFingerprint,
                    was.SilencedBy,
                    was.InhibitedBy,
                    was.Receivers,
                    was.HasReceiver
                );
            }
        }
        return found;
    }

    private void NoteAnswers(
        AlertPoll poll,
        IReadOnlyList<(string Source, Fetch<IReadOnlyList<PrometheusRuleGroup>> Answer)> answers,
        Fetch<IReadOnlyList<AlertmanagerAlert>> alerts,
        Fetch<AlertmanagerStatus> status,
        DateTimeOffset now
    )
    {
        poll.PolledAt = now;
        var missed = answers.FirstOrDefault(one => one.Answer is not Fetch<IReadOnlyList<PrometheusRuleGroup>>.Ok);
        if (missed.Answer is null)
        {
            if (poll.RulesFailingSince is not null)
                LogAnswersAgain(poll.EnvironmentId);
            (poll.RulesCheckedAt, poll.RulesFailingSince, poll.RulesReason) = (now, null, null);
        }
        else
        {
            var reason = AlertFacts.Clean($"{missed.Source}: {missed.Answer.Reason()}", LongestReason);
            if (poll.RulesFailingSince is null)
                LogNotChecked(poll.EnvironmentId, reason);
            (poll.RulesFailingSince, poll.RulesReason) = (poll.RulesFailingSince ?? now, reason);
        }
        if (alerts is Fetch<IReadOnlyList<AlertmanagerAlert>>.Ok)
        {
            (poll.AlertmanagerCheckedAt, poll.AlertmanagerFailingSince, poll.AlertmanagerReason) = (now, null, null);
        }
        else
        {
            (poll.AlertmanagerFailingSince, poll.AlertmanagerReason) = (
                poll.AlertmanagerFailingSince ?? now,
                AlertFacts.Clean(alerts.Reason(), LongestReason)
            );
        }
        if (Integrated(status) is { } integrated)
            poll.ReceiversWithIntegration = integrated.Count;
    }

    private static void Count(AlertPoll poll, List<ActiveAlert> found)
    {
        var firing = found.Where(alert => alert is { State: ActiveAlertState.Firing, IsHeartbeat: false }).ToList();
        var heard = firing.Where(alert => alert.SilencedBy.Length == 0).CountBy(alert => alert.Severity).ToDictionary();
        (poll.Firing, poll.Silenced) = (firing.Count, firing.Count(alert => alert.SilencedBy.Length > 0));
        (poll.Critical, poll.Warning, poll.Info) = (
            heard.GetValueOrDefault(AlertSeverity.Critical),
            heard.GetValueOrDefault(AlertSeverity.Warning),
            heard.GetValueOrDefault(AlertSeverity.Info)
        );
        poll.Pending = found.Count(alert => alert.State == ActiveAlertState.Pending);
    }

    /// <summary>Finds the service and the team of each alert.</summary>
    private static async Task PlaceAsync(
        ArchonDbContext db,
        int environmentId,
        List<ActiveAlert> found,
        CancellationToken cancellationToken
    )
    {
        var matcher = await ServiceMatcher.LoadAsync(db, environmentId, cancellationToken);
        var services = await db
            .Services.AsNoTracking()
            .Where(service => service.EnvironmentId == environmentId && service.Origin != CatalogueOrigin.Ignored)
            .Select(service => new
            {
                service.Id,
                service.Name,
                service.Team,
            })
            .ToListAsync(cancellationToken);
        var byId = services.ToDictionary(service => service.Id);
        var byName = services.ToDictionary(service => service.Name, StringComparer.Ordinal);
        foreach (var alert in found)
        {
            // An expression that adds up over other labels leaves the name alone.
            var service =
                matcher.Find(alert.Labels) is { } id ? byId.GetValueOrDefault(id)
                : alert.Labels.GetValueOrDefault("service") is { } name ? byName.GetValueOrDefault(name)
                : null;
            alert.ServiceId = service?.Id;
            alert.Team = service?.Team ?? alert.Labels.GetValueOrDefault(AlertFacts.TeamLabel);
        }
    }

    /// <returns>Whether a row changed, and whether one of a service did.</returns>
    private static (bool HasChanged, bool AreServicesConcerned) Write(
        ArchonDbContext db,
        int environmentId,
        List<ActiveAlert> stored,
        List<ActiveAlert> found
    )
    {
        var known = stored.ToDictionary(alert => alert.Fingerprint, StringComparer.Ordinal);
        var hadService = stored.Where(alert => alert.ServiceId is not null).Select(alert => alert.Id).ToHashSet();
        foreach (var alert in found)
        {
            alert.EnvironmentId = environmentId;
            if (!known.Remove(alert.Fingerprint, out var row))
            {
                db.ActiveAlerts.Add(alert);
                continue;
            }
            alert.Id = row.Id;
            db.Entry(row).CurrentValues.SetValues(alert);
        }
        db.ActiveAlerts.RemoveRange(known.Values);
        var changed = db
            .ChangeTracker.Entries<ActiveAlert>()
            .Where(entry => entry.State is EntityState.Added or EntityState.Modified or EntityState.Deleted)
            .Select(entry => entry.Entity)
            .ToList();
        return (changed.Count > 0, changed.Exists(alert => alert.ServiceId is not null || hadService.Contains(alert.Id)));
    }

    private static ActiveAlert Copy(ActiveAlert alert) =>
        new()
        {
            Fingerprint = alert.Fingerprint,
            Name = alert.Name,
            RuleFile = alert.RuleFile,
            RuleGroup = alert.RuleGroup,
            RuleOrdinal = alert.RuleOrdinal,
            Severity = alert.Severity,
            State = alert.State,
            IsHeartbeat = alert.IsHeartbeat,
            Labels = alert.Labels,
            Annotations = alert.Annotations,
            Value = alert.Value,
            Since = alert.Since,
            Source = alert.Source,
            AlertmanagerFingerprint = alert.AlertmanagerFingerprint,
            SilencedBy = alert.SilencedBy,
            InhibitedBy = alert.InhibitedBy,
            Receivers = alert.Receivers,
            HasReceiver = alert.HasReceiver,
        };

    /// <returns>The receivers that have an integration; null where the configuration was not read.</returns>
    private static HashSet<string>? Integrated(Fetch<AlertmanagerStatus> status) =>
        status is Fetch<AlertmanagerStatus>.Ok { Value.ConfigYaml: var yaml } && ReceiverReader.Read(yaml).Channels is { } channels
            ? channels.Select(channel => channel.Receiver).ToHashSet(StringComparer.Ordinal)
            : null;

    /// <summary>What pages say of a poll but its time.</summary>
    private static PollWords Said(AlertPoll poll) =>
        new(
            poll.RulesCheckedAt is not null,
            poll.RulesReason,
            poll.AlertmanagerCheckedAt is not null,
            poll.AlertmanagerReason,
            (poll.Firing, poll.Critical, poll.Warning, poll.Info, poll.Silenced, poll.Pending),
            poll.ReceiversWithIntegration
        );

    private sealed record PollWords(
        bool IsChecked,
        string? Reason,
        bool IsAlertmanagerRead,
        string? AlertmanagerReason,
        (int Firing, int Critical, int Warning, int Info, int Silenced, int Pending) Counts,
        int? ReceiversWithIntegration
    );

    [LoggerMessage(Level = LogLevel.Warning, Message = "Environment {EnvironmentId}: alerts are not checked. {Reason}")]
    private partial void LogNotChecked(int environmentId, string reason);

    [LoggerMessage(Level = LogLevel.Information, Message = "Environment {EnvironmentId}: alerts are checked again")]
    private partial void LogAnswersAgain(int environmentId);
}
