using Archon.Data;
using Archon.Data.Alerts;
using Archon.Live;
using Microsoft.EntityFrameworkCore;

namespace Archon.Features.Alerts;

/// <summary>An alert as pages and programs show it.</summary>
/// <param name="RuleId">Its rule in the catalogue; null where none is known.</param>
/// <param name="Labels">Without what all alerts of its rule say: its own, by which it differs from the others.</param>
/// <param name="HasReceiver">Whether somebody is notified; null where that is not known.</param>
public sealed record AlertRow(
    long Id,
    string Name,
    int? RuleId,
    string? Service,
    string? Team,
    AlertSeverity Severity,
    ActiveAlertState State,
    IReadOnlyDictionary<string, string> Labels,
    IReadOnlyDictionary<string, string> Annotations,
    double? Value,
    DateTimeOffset Since,
    string Source,
    bool IsSilenced,
    bool IsInhibited,
    bool IsAtAlertmanager,
    IReadOnlyList<string> Receivers,
    bool? HasReceiver
)
{
    /// <summary>What it is about, where it names no service: the instance, or what else it differs by.</summary>
    public string? Instance =>
        Labels.GetValueOrDefault("instance")
        ?? Labels.GetValueOrDefault("pod")
        ?? Labels.GetValueOrDefault("host")
        ?? Labels.GetValueOrDefault("node")
        ?? Labels.GetValueOrDefault("job");

    /// <summary>The rendered text that says most; null where the rule has none.</summary>
    public string? Summary =>
        Text("summary") ?? Text("description") ?? Text("message") ?? Annotations.Values.FirstOrDefault(text => text.Length > 0);

    private string? Text(string name) => Annotations.GetValueOrDefault(name) is { Length: > 0 } text ? text : null;

    internal long Bytes => 1000 + (2L * Labels.Concat(Annotations).Sum(text => text.Key.Length + text.Value.Length));
}

/// <summary>How much of what fires is known.</summary>
/// <param name="CheckedAt">When all servers that evaluate rules last answered; null where they never did.</param>
/// <param name="Reason">Why alerts are not checked now; null while they are.</param>
/// <param name="ReceiversWithIntegration">Null where Alertmanager's configuration was never read.</param>
public sealed record AlertsKnown(
    DateTimeOffset? CheckedAt,
    string? Reason,
    string? AlertmanagerReason,
    int Firing,
    int Critical,
    int Warning,
    int Info,
    int Silenced,
    int Pending,
    int? ReceiversWithIntegration
)
{
    public static readonly AlertsKnown Nothing = new(null, "They have not been asked for yet.", null, 0, 0, 0, 0, 0, 0, null);

    public bool IsChecked => Reason is null;

    /// <summary>Alerts that fire and are not silenced.</summary>
    public int Heard => Critical + Warning + Info;

    /// <summary>Alertmanager runs and notifies no one.</summary>
    public bool NotifiesNoOne => ReceiversWithIntegration == 0 && AlertmanagerReason is null;
}

/// <summary>Some alerts at one time, the worst first.</summary>
/// <param name="InAll">How many there are of the kind.</param>
public sealed record AlertsPicture(DateTimeOffset ReadAt, AlertsKnown Known, IReadOnlyList<AlertRow> Rows, int InAll) : ISharedPicture
{
    public long Bytes => 500 + Rows.Sum(row => row.Bytes);
}

/// <summary>Reads the stored alerts. No server is asked.</summary>
public sealed class AlertQueries(IDbContextFactory<ArchonDbContext> contexts, TimeProvider clock)
{
    /// <summary>Without a poll for so long it is unknown what fires: four polls.</summary>
    private static readonly TimeSpan Late = AlertPollJob.Interval * 4;

    /// <summary>A screen; the others are where they belong, at their rule and their service.</summary>
    public const int OverviewShown = 6;
    public const int OthersShown = 20;

    /// <summary>What fires in an environment, but alerts that always do.</summary>
    public Task<AlertsPicture> FiringAsync(int environmentId, int most, CancellationToken cancellationToken) =>
        ReadAsync(
            environmentId,
            (_, alerts) => alerts.Where(alert => alert.State == ActiveAlertState.Firing && !alert.IsHeartbeat),
            most,
            cancellationToken
        );

    /// <summary>What fires or is pending for a service.</summary>
    public Task<AlertsPicture> OfServiceAsync(int environmentId, int serviceId, CancellationToken cancellationToken) =>
        ReadAsync(environmentId, (_, alerts) => alerts.Where(alert => alert.ServiceId == serviceId), OthersShown, cancellationToken);

    /// <summary>What fires or is pending of a rule of the catalogue.</summary>
    public Task<AlertsPicture> OfRuleAsync(int environmentId, int ruleId, CancellationToken cancellationToken) =>
        ReadAsync(
            environmentId,
            (db, alerts) =>
                alerts.Where(alert =>
                    db.AlertRules.Any(rule =>
                        rule.Id == ruleId
                        && rule.EnvironmentId == environmentId
                        && rule.File == alert.RuleFile
                        && rule.Group == alert.RuleGroup
                        && rule.Name == alert.Name
                        && rule.Ordinal == alert.RuleOrdinal
                    )
                ),
            OthersShown,
            cancellationToken
        );

    /// <summary>What fires without being of a known service, and is no mere information.</summary>
    public Task<AlertsPicture> WithoutServiceAsync(int environmentId, CancellationToken cancellationToken) =>
        ReadAsync(
            environmentId,
            (_, alerts) =>
                alerts.Where(alert =>
                    alert.State == ActiveAlertState.Firing
                    && !alert.IsHeartbeat
                    && alert.ServiceId == null
                    && alert.Severity != AlertSeverity.Info
                    && alert.SilencedBy.Length == 0
                ),
            OthersShown,
            cancellationToken
        );

    /// <summary>How much fires, without any of it.</summary>
    public async Task<AlertsKnown> KnownAsync(int environmentId, CancellationToken cancellationToken)
    {
        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        return await KnownAsync(db, environmentId, cancellationToken);
    }

    private async Task<AlertsPicture> ReadAsync(
        int environmentId,
        Func<ArchonDbContext, IQueryable<ActiveAlert>, IQueryable<ActiveAlert>> which,
        int most,
        CancellationToken cancellationToken
    )
    {
        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        await using var moment = await db.BeginOneMomentAsync(cancellationToken);
        var known = await KnownAsync(db, environmentId, cancellationToken);
        var alerts = which(db, db.ActiveAlerts.AsNoTracking().Where(alert => alert.EnvironmentId == environmentId));
        var inAll = await alerts.CountAsync(cancellationToken);
        if (inAll == 0)
            return new AlertsPicture(clock.GetUtcNow(), known, [], 0);
        var rows = await alerts
            .OrderBy(alert => alert.State == ActiveAlertState.Pending)
            .ThenBy(alert => alert.SilencedBy.Length > 0)
            .ThenBy(alert =>
                alert.Severity == AlertSeverity.Critical ? 0
                : alert.Severity == AlertSeverity.Warning ? 1
                : 2
            )
            .ThenBy(alert => alert.Since)
            .ThenBy(alert => alert.Id)
            .Take(most)
            .Select(alert => new
            {
                Alert = alert,
                Service = db.Services.Where(service => service.Id == alert.ServiceId).Select(service => service.Name).FirstOrDefault(),
                RuleId = db
                    .AlertRules.Where(rule =>
                        rule.EnvironmentId == environmentId
                        && rule.File == alert.RuleFile
                        && rule.Group == alert.RuleGroup
                        && rule.Name == alert.Name
                        && rule.Ordinal == alert.RuleOrdinal
                    )
                    .OrderBy(rule => rule.DeletedAt != null)
                    .Select(rule => (int?)rule.Id)
                    .FirstOrDefault(),
            })
            .ToListAsync(cancellationToken);
        return new AlertsPicture(clock.GetUtcNow(), known, [.. rows.Select(row => Row(row.Alert, row.Service, row.RuleId))], inAll);
    }

    private async Task<AlertsKnown> KnownAsync(ArchonDbContext db, int environmentId, CancellationToken cancellationToken)
    {
        var poll = await db
            .AlertPolls.AsNoTracking()
            .Where(one => one.EnvironmentId == environmentId)
            .FirstOrDefaultAsync(cancellationToken);
        return poll is null
            ? AlertsKnown.Nothing
            : new AlertsKnown(
                poll.RulesCheckedAt,
                poll.RulesReason ?? (clock.GetUtcNow() - poll.PolledAt > Late ? "They are not being asked for." : null),
                poll.AlertmanagerReason,
                poll.Firing,
                poll.Critical,
                poll.Warning,
                poll.Info,
                poll.Silenced,
                poll.Pending,
                poll.ReceiversWithIntegration
            );
    }

    private static AlertRow Row(ActiveAlert alert, string? service, int? ruleId) =>
        new(
            alert.Id,
            alert.Name,
            ruleId,
            service,
            alert.Team,
            alert.Severity,
            alert.State,
            alert
                .Labels.Where(label => label.Key is not (AlertFacts.NameLabel or AlertFacts.SeverityLabel))
                .ToDictionary(StringComparer.Ordinal),
            alert.Annotations,
            alert.Value,
            alert.Since,
            alert.Source,
            alert.SilencedBy.Length > 0,
            alert.InhibitedBy.Length > 0,
            alert.AlertmanagerFingerprint is not null,
            alert.Receivers,
            alert.HasReceiver
        );
}
