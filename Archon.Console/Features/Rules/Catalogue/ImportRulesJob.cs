using Archon.ConfigFiles.Rules;
using Archon.Data;
using Archon.Data.Rules;
using Archon.Integrations;
using Archon.Integrations.Prometheus;
using Archon.Jobs;
using Archon.Live;
using Hangfire;
using Microsoft.EntityFrameworkCore;

namespace Archon.Features.Rules.Catalogue;

public sealed partial class ImportRulesJob(
    IDbContextFactory<ArchonDbContext> contexts,
    Upstreams upstreams,
    RuleTarget target,
    TimeProvider clock,
    ILogger<ImportRulesJob> logger
)
{
    /// <summary>The author of what was found on the server.</summary>
    public const string Importer = "import";

    /// <summary>Reads the rules that run into the catalogue, of Prometheus and of a ruler that evaluates its own: a rule that says
    /// something new gets a new version.</summary>
    [Queue("discover"), AutomaticRetry(Attempts = 3), AdvisoryLock("import-rules:{0}")]
    public async Task ImportAsync(int environmentId, CancellationToken cancellationToken)
    {
        var running = await RunningAsync(environmentId, cancellationToken);
        if (running.Count == 0)
            return; // not checked: no rule is gone because nobody answered

        var now = clock.GetUtcNow();
        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        await using var transaction = await db.Database.BeginTransactionAsync(cancellationToken);
        await RuleCatalogue.LockAsync(db, environmentId, cancellationToken);
        // Of a file that the catalogue holds, it has the last word: what the server runs is kept beside it, and is no version.
        var documents = await db
            .RuleDocuments.AsNoTracking()
            .Where(document => document.EnvironmentId == environmentId)
            .ToDictionaryAsync(document => document.ServerFile, cancellationToken);
        var known = await db.AlertRules.Where(rule => rule.EnvironmentId == environmentId).ToListAsync(cancellationToken);
        // Of several that had one place, the one that has it, else the last that had.
        var byKey = known
            .GroupBy(rule => (rule.File, rule.Group, rule.Name, rule.Ordinal))
            .ToDictionary(same => same.Key, same => same.OrderBy(rule => rule.DeletedAt ?? DateTimeOffset.MaxValue).Last());
        var current = (
            await db
                .AlertRuleVersions.AsNoTracking()
                .Where(version =>
                    db.AlertRules.Any(rule =>
                        rule.Id == version.RuleId && rule.EnvironmentId == environmentId && rule.CurrentVersion == version.Number
                    )
                )
                .ToListAsync(cancellationToken)
        ).ToDictionary(version => version.RuleId);
        var (found, changed) = (new HashSet<AlertRule>(), false);
        foreach (var (language, group) in running.SelectMany(one => one.Value.Select(group => (one.Key, group))))
        {
            var ordinals = new Dictionary<string, int>(StringComparer.Ordinal);
            foreach (var served in group.Rules)
            {
                var ordinal = ordinals.GetValueOrDefault(served.Name);
                ordinals[served.Name] = ordinal + 1;
                if (!byKey.TryGetValue((group.File, group.Name, served.Name, ordinal), out var rule))
                {
                    rule = new AlertRule
                    {
                        EnvironmentId = environmentId,
                        File = group.File,
                        Group = group.Name,
                        Name = served.Name,
                        Ordinal = ordinal,
                    };
                    byKey.Add((group.File, group.Name, served.Name, ordinal), rule);
                    db.AlertRules.Add(rule);
                }
                found.Add(rule);
                rule.Kind = served.IsAlerting ? AlertRuleKind.Alerting : AlertRuleKind.Recording;
                changed |= rule.ServerState != served.State || rule.ServerHealth != served.Health || rule.ServerError != served.LastError;
                (rule.ServerState, rule.ServerHealth, rule.ServerError, rule.ServerSeenAt) = (
                    served.State,
                    served.Health,
                    served.LastError,
                    now
                );
                var runs = ServedRules.Of(group, served, language);
                var isNews = !Same(rule.Served, runs);
                if (isNews)
                    rule.Served = runs;
                var version = Version(group, served, now);
                if (documents.TryGetValue(group.File, out var document))
                {
                    if (rule.CurrentVersion == 0)
                    {
                        (rule.DocumentId, rule.DeletedAt, rule.CurrentVersion) = (document.Id, now, 1);
                        (version.Number, version.Reason) = (1, "Runs on the server, not in the catalogue's file");
                        rule.Versions.Add(version);
                    }
                    // A ruler may come to hold the catalogue's file without telling anything new.
                    if (!isNews && (language == RuleLanguage.Promql || rule.RunningVersion == rule.CurrentVersion))
                        continue;
                    var versions =
                        rule.Id == 0
                            ? rule.Versions
                            : await db.AlertRuleVersions.AsNoTracking().Where(one => one.RuleId == rule.Id).ToListAsync(cancellationToken);
                    var runningVersion = ServedRules.Version(rule, versions) ?? Held(document, rule, versions);
                    changed |= isNews || rule.RunningVersion != runningVersion;
                    rule.RunningVersion = runningVersion;
                    continue;
                }

                changed |= rule.DeletedAt is not null;
                rule.DeletedAt = null;
                if (rule.CurrentVersion == 0 || !current.TryGetValue(rule.Id, out var last) || !Same(last, version))
                {
                    version.Number = ++rule.CurrentVersion;
                    version.Reason = version.Number == 1 ? "Imported from the running server" : "Changed on the running server";
                    rule.Versions.Add(version);
                    changed = true;
                }
                rule.RunningVersion = rule.CurrentVersion;
            }
        }
        foreach (
            var gone in known.Where(rule => !found.Contains(rule) && running.ContainsKey(rule.Served?.Language ?? RuleLanguage.Promql))
        )
        {
            if (gone.Served is null && (gone.DocumentId is not null || gone.DeletedAt is not null))
                continue;
            (gone.Served, gone.RunningVersion, gone.ServerState, gone.ServerHealth, gone.ServerError) = (null, null, null, null, null);
            if (gone.DocumentId is null)
                gone.DeletedAt ??= now;
            changed = true;
        }
        await db.SaveChangesAsync(cancellationToken);
        if (changed)
            await db.AnnounceAsync(RuleTopic.Id, environmentId, cancellationToken);
        await transaction.CommitAsync(cancellationToken);
    }

    /// <summary>What runs, by the language of the server that answered; nothing of one that did not.</summary>
    private async Task<Dictionary<RuleLanguage, IReadOnlyList<PrometheusRuleGroup>>> RunningAsync(
        int environmentId,
        CancellationToken cancellationToken
    )
    {
        var running = new Dictionary<RuleLanguage, IReadOnlyList<PrometheusRuleGroup>>();
        Take(RuleLanguage.Promql, "Prometheus", await upstreams.For(environmentId).Prometheus.RulesAsync(cancellationToken));
        if (await target.For(environmentId).RunningAsync(cancellationToken) is { } ruler)
            Take(target.Language, target.Words, ruler);
        return running;

        void Take(RuleLanguage language, string server, Fetch<IReadOnlyList<PrometheusRuleGroup>> answer)
        {
            if (answer is Fetch<IReadOnlyList<PrometheusRuleGroup>>.Ok { Value: var groups })
                running[language] = groups;
            else
                LogNotChecked(environmentId, server);
        }
    }

    /// <summary>The version that stands in the file a ruler holds: what it tells of an expression may be in a form of its own.</summary>
    private static int? Held(RuleDocument document, AlertRule rule, IReadOnlyList<AlertRuleVersion> versions)
    {
        if (rule.Served is not { Language: RuleLanguage.Logql } || document.SeenContent is not { } seen)
            return null;
        var held = RuleCatalogue.Locate(RuleCatalogue.Read(seen, RuleLanguage.Logql), rule)?.Content;
        return held is null
            ? null
            : versions.OrderByDescending(one => one.Number).FirstOrDefault(one => ServedRules.Content(rule, one).Says(held))?.Number;
    }

    private static AlertRuleVersion Version(PrometheusRuleGroup group, PrometheusRule served, DateTimeOffset now) =>
        new()
        {
            Expression = served.Query,
            For = served.For,
            KeepFiringFor = served.KeepFiringFor,
            Labels = new Dictionary<string, string>(served.Labels, StringComparer.Ordinal),
            Annotations = new Dictionary<string, string>(served.Annotations, StringComparer.Ordinal),
            Interval = group.Interval,
            Author = Importer,
            Reason = "",
            CreatedAt = now,
        };

    private static bool Same(AlertRuleVersion one, AlertRuleVersion other) =>
        one.Expression == other.Expression
        && one.For == other.For
        && one.KeepFiringFor == other.KeepFiringFor
        && one.Interval == other.Interval
        && RuleContent.Same(one.Labels, other.Labels)
        && RuleContent.Same(one.Annotations, other.Annotations);

    private static bool Same(ServedRule? one, ServedRule other) =>
        one is not null
        && one with { Labels = other.Labels, Annotations = other.Annotations } == other
        && RuleContent.Same(one.Labels, other.Labels)
        && RuleContent.Same(one.Annotations, other.Annotations);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Environment {EnvironmentId}: {Server} did not return its rules")]
    private partial void LogNotChecked(int environmentId, string server);
}
