using Archon.ConfigFiles.Rules;
using Archon.Data;
using Archon.Data.Rules;
using Archon.Live;
using Microsoft.EntityFrameworkCore;

namespace Archon.Features.Rules.Catalogue;

/// <summary>How the catalogue and the server stand to each other over a rule.</summary>
public enum RuleStanding
{
    /// <summary>The server runs what the catalogue says.</summary>
    InStep,

    /// <summary>The catalogue says something that the server does not run yet.</summary>
    NotApplied,

    /// <summary>The server runs what no version of the catalogue says.</summary>
    ChangedOutside,

    /// <summary>The catalogue holds it no more, and the server runs it.</summary>
    StillRuns,
}

/// <summary>One rule as the list shows it: what it says now, and how the server does with it.</summary>
public sealed record RuleRow(
    int Id,
    string File,
    string Group,
    string Name,
    AlertRuleKind Kind,
    string Expression,
    TimeSpan For,
    IReadOnlyDictionary<string, string> Labels,
    int CurrentVersion,
    string? ServerState,
    string? ServerHealth,
    string? ServerError,
    DateTimeOffset? ServerSeenAt
)
{
    public RuleStanding Standing { get; init; }
    public DateTimeOffset? DeletedAt { get; init; }
    public RuleLanguage Language { get; init; }

    /// <summary>It stands in a rule file of the catalogue; otherwise only the server knows it.</summary>
    public bool HasFile { get; init; }

    /// <summary>Triage order: what cannot be evaluated, then what fires, then what is about to.</summary>
    public int Urgency =>
        (ServerHealth, ServerState) switch
        {
            ("err", _) => 0,
            (_, "firing") => 1,
            (_, "pending") => 2,
            // A recording rule has no state: that it is evaluated well is all there is to know.
            ("ok", null) when Kind == AlertRuleKind.Recording => 4,
            (_, "unknown" or null) => 3,
            _ => 4,
        };
}

/// <summary>One version of a rule.</summary>
public sealed record RuleVersionRow(
    int Number,
    string Expression,
    TimeSpan For,
    TimeSpan KeepFiringFor,
    IReadOnlyDictionary<string, string> Labels,
    IReadOnlyDictionary<string, string> Annotations,
    TimeSpan? Interval,
    string Author,
    string Reason,
    DateTimeOffset CreatedAt
);

/// <summary>How the last apply ended, where it did not end well.</summary>
public sealed record RecoveredApply(RuleApplyStage Stage, string? Message, DateTimeOffset At);

public sealed record RulesPicture(IReadOnlyList<RuleRow> Rules, DateTimeOffset? ServerSeenAt) : ISharedPicture
{
    public long Bytes =>
        Rules.Concat(Deleted).Sum(rule => 800L + (2 * (rule.Name.Length + rule.Expression.Length)) + (200L * rule.Labels.Count));

    /// <summary>Those that can be put back, the newest first.</summary>
    public IReadOnlyList<RuleRow> Deleted { get; init; } = [];

    /// <summary>Files that somebody changed on the target since it and the catalogue last agreed.</summary>
    public IReadOnlyList<string> FilesChangedOutside { get; init; } = [];

    /// <summary>How many of them are gone from the target, so that there is nothing to compare.</summary>
    public int FilesGoneOutside { get; init; }

    /// <summary>Null where the last apply went well, or there was none.</summary>
    public RecoveredApply? Recovered { get; init; }

    public bool HasFiles => Rules.Any(rule => rule.HasFile);
    public int NotApplied => Rules.Count(rule => rule.Standing == RuleStanding.NotApplied);
    public int ChangedOutside => Rules.Count(rule => rule.Standing == RuleStanding.ChangedOutside);
    public int Broken => Rules.Count(rule => rule.ServerHealth == "err");
    public int Firing => Rules.Count(rule => rule.ServerState == "firing");
    public int Pending => Rules.Count(rule => rule.ServerState == "pending");
}

public sealed class RuleQueries(IDbContextFactory<ArchonDbContext> contexts, RuleTarget target)
{
    /// <summary>What a rule that is not there yet is written in.</summary>
    public RuleLanguage NewLanguage => target.Language;

    /// <summary>Every rule of an environment that the catalogue holds or the server runs, what needs attention first.</summary>
    public async Task<RulesPicture> PictureAsync(int environmentId, CancellationToken cancellationToken)
    {
        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        await using var moment = await db.BeginOneMomentAsync(cancellationToken);
        var all = await RowsAsync(db, db.AlertRules.Where(rule => rule.EnvironmentId == environmentId), cancellationToken);
        var rules = all.Where(rule => rule.DeletedAt is null || rule.Standing == RuleStanding.StillRuns).ToList();
        var last = await db
            .RuleApplies.AsNoTracking()
            .Where(apply => apply.EnvironmentId == environmentId && apply.EndedAt != null)
            .OrderByDescending(apply => apply.Id)
            .Select(apply => new
            {
                apply.Stage,
                apply.Message,
                apply.ChangedAt,
            })
            .FirstOrDefaultAsync(cancellationToken);
        var outside = await db
            .RuleDocuments.Where(document =>
                document.EnvironmentId == environmentId
                && document.DeletedAt == null
                && document.SeenAt != null
                && document.SeenContent != document.Content
                && document.SeenContent != document.AppliedContent
            )
            .OrderBy(document => document.Name)
            .Select(document => new { document.Name, IsGone = document.SeenContent == null })
            .ToListAsync(cancellationToken);
        return new RulesPicture(
            [
                .. rules
                    .OrderBy(rule => rule.Urgency)
                    .ThenBy(rule => rule.File, StringComparer.Ordinal)
                    .ThenBy(rule => rule.Group, StringComparer.Ordinal)
                    .ThenBy(rule => rule.Name, StringComparer.Ordinal)
                    .ThenBy(rule => rule.Id),
            ],
            rules.Max(rule => rule.ServerSeenAt)
        )
        {
            Deleted =
            [
                .. all.Where(rule => rule.DeletedAt is not null)
                    .OrderByDescending(rule => rule.DeletedAt)
                    .ThenBy(rule => rule.Name, StringComparer.Ordinal)
                    .ThenBy(rule => rule.Id),
            ],
            FilesChangedOutside = [.. outside.Select(file => file.Name)],
            FilesGoneOutside = outside.Count(file => file.IsGone),
            Recovered = last is { Stage: RuleApplyStage.PutBack or RuleApplyStage.Stuck }
                ? new RecoveredApply(last.Stage, last.Message, last.ChangedAt)
                : null,
        };
    }

    /// <summary>Rules in use whose name holds the text, those that begin with it first; of several with one name the first.</summary>
    public async Task<IReadOnlyList<(int Id, string Name)>> SearchAsync(
        int environmentId,
        string text,
        int limit,
        CancellationToken cancellationToken
    )
    {
        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        var (inside, start) = (LikePattern.Containing(text), LikePattern.StartingWith(text));
        var found = await db
            .AlertRules.Where(rule =>
                rule.EnvironmentId == environmentId
                && (rule.DeletedAt == null || rule.Served != null)
                && EF.Functions.ILike(rule.Name, inside, LikePattern.Escape)
            )
            .GroupBy(rule => rule.Name)
            .Select(group => new { Id = group.Min(rule => rule.Id), Name = group.Key })
            .OrderByDescending(rule => EF.Functions.ILike(rule.Name, start, LikePattern.Escape))
            .ThenBy(rule => rule.Name)
            .Take(limit)
            .ToListAsync(cancellationToken);
        return [.. found.Select(rule => (rule.Id, rule.Name))];
    }

    /// <summary>A rule with all that its workbench needs; null where there is none of the id.</summary>
    public async Task<RuleDetail?> FindAsync(int ruleId, CancellationToken cancellationToken)
    {
        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        await using var moment = await db.BeginOneMomentAsync(cancellationToken);
        var rule = await db.AlertRules.AsNoTracking().SingleOrDefaultAsync(one => one.Id == ruleId, cancellationToken);
        if (rule is null)
            return null;
        var versions = await db
            .AlertRuleVersions.AsNoTracking()
            .Where(version => version.RuleId == ruleId)
            .OrderByDescending(version => version.Number)
            .ToListAsync(cancellationToken);
        var document = rule.DocumentId is { } id
            ? await db.RuleDocuments.AsNoTracking().SingleAsync(one => one.Id == id, cancellationToken)
            : null;
        var now = versions.Single(version => version.Number == rule.CurrentVersion);
        var file = document is null ? null : RuleCatalogue.Read(document.Content, target.Language);
        var group = file?.Groups.FirstOrDefault(one => one.Content.Name == rule.Group)?.Content;
        return new RuleDetail(
            rule.Id,
            rule.EnvironmentId,
            document?.Name ?? target.CatalogueName(rule.File),
            group ?? new GroupContent(rule.Group) { Interval = now.Interval },
            ServedRules.Content(rule, now),
            rule.CurrentVersion,
            rule.RunningVersion,
            [.. versions.Select(Row)],
            document?.Tests ?? "",
            rule.ServerState,
            rule.ServerHealth,
            rule.ServerError,
            rule.DeletedAt is not null
        )
        {
            Language = file?.Language ?? rule.Served?.Language ?? RuleLanguage.Promql,
        };
    }

    /// <summary>Every version of a rule, the newest first.</summary>
    public async Task<IReadOnlyList<RuleVersionRow>> VersionsAsync(int ruleId, CancellationToken cancellationToken)
    {
        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        var versions = await db
            .AlertRuleVersions.AsNoTracking()
            .Where(version => version.RuleId == ruleId)
            .OrderByDescending(version => version.Number)
            .ToListAsync(cancellationToken);
        return [.. versions.Select(Row)];
    }

    internal static RuleVersionRow Row(AlertRuleVersion version) =>
        new(
            version.Number,
            version.Expression,
            version.For,
            version.KeepFiringFor,
            version.Labels,
            version.Annotations,
            version.Interval,
            version.Author,
            version.Reason,
            version.CreatedAt
        );

    private async Task<List<RuleRow>> RowsAsync(ArchonDbContext db, IQueryable<AlertRule> rules, CancellationToken cancellationToken)
    {
        // Of a rule without a file only what the server told says whose it is; a Prometheus alone has but its own.
        var reported =
            target.Language == RuleLanguage.Promql
                ? []
                : await rules
                    .Where(rule => rule.DocumentId == null && rule.Served != null)
                    .Select(rule => new { rule.Id, rule.Served })
                    .ToDictionaryAsync(rule => rule.Id, rule => rule.Served!.Language, cancellationToken);
        var rows = await (
            from rule in rules.AsNoTracking()
            join version in db.AlertRuleVersions
                on new { rule.Id, Number = rule.CurrentVersion } equals new { Id = version.RuleId, version.Number }
            join document in db.RuleDocuments on rule.DocumentId equals document.Id into documents
            from document in documents.DefaultIfEmpty()
            select new
            {
                rule.Id,
                rule.File,
                Document = document == null ? null : document.Name,
                rule.Group,
                rule.Name,
                rule.Kind,
                version.Expression,
                version.For,
                version.Labels,
                rule.CurrentVersion,
                rule.RunningVersion,
                IsServed = rule.Served != null,
                rule.DeletedAt,
                rule.ServerState,
                rule.ServerHealth,
                rule.ServerError,
                rule.ServerSeenAt,
            }
        ).ToListAsync(cancellationToken);
        return
        [
            .. rows.Select(rule => new RuleRow(
                rule.Id,
                rule.Document ?? target.CatalogueName(rule.File),
                rule.Group,
                rule.Name,
                rule.Kind,
                rule.Expression,
                rule.For,
                rule.Labels,
                rule.CurrentVersion,
                rule.ServerState,
                rule.ServerHealth,
                rule.ServerError,
                rule.ServerSeenAt
            )
            {
                DeletedAt = rule.DeletedAt,
                HasFile = rule.Document is not null,
                Language = rule.Document is not null ? target.Language : reported.GetValueOrDefault(rule.Id),
                Standing = (rule.DeletedAt, rule.IsServed, rule.RunningVersion) switch
                {
                    (not null, true, _) => RuleStanding.StillRuns,
                    (not null, false, _) => RuleStanding.InStep,
                    (null, false, _) => RuleStanding.NotApplied,
                    (null, true, null) => RuleStanding.ChangedOutside,
                    var (_, _, running) => running == rule.CurrentVersion ? RuleStanding.InStep : RuleStanding.NotApplied,
                },
            }),
        ];
    }
}
