using Archon.ConfigFiles.Rules;
using Archon.Data;
using Archon.Data.Access;
using Archon.Data.Rules;
using Archon.Features.Access;
using Microsoft.EntityFrameworkCore;

namespace Archon.Features.Rules.Catalogue;

/// <summary>The only way to change rules: every change is a version of the rule and of its file, and stands in the audit.</summary>
/// <remarks>Each throws <see cref="PermissionDeniedException"/> where the actor may not edit rules.</remarks>
public sealed class RuleCommands(CommandGate gate, IDbContextFactory<ArchonDbContext> contexts, RuleTarget target, TimeProvider clock)
{
    public async Task<RuleSaveResult> SaveAsync(RuleDraft draft, Actor actor, CancellationToken cancellationToken)
    {
        await using var db = await gate.OpenAsync(actor, Permission.EditRules, draft.EnvironmentId, cancellationToken);
        var catalogue = await CatalogueAsync(db, draft.RuleId, draft, cancellationToken);
        await using var transaction = await db.Database.BeginTransactionAsync(cancellationToken);
        await RuleCatalogue.LockAsync(db, draft.EnvironmentId, cancellationToken);
        if (NameFault(draft) is { } fault)
            return new RuleSaveResult.Invalid([fault]);
        var rule = draft.RuleId is { } id ? await RuleAsync(db, draft.EnvironmentId, id, cancellationToken) : null;
        if (draft.RuleId is not null && rule is not { DeletedAt: null })
            return new RuleSaveResult.NotFound();
        if (rule is not null && rule.CurrentVersion != draft.BasedOn)
            return await ChangedAsync(db, rule, cancellationToken);
        try
        {
            var note = new RuleChangeNote(actor.Name, draft.Reason.Trim(), rule is null ? "rule.create" : "rule.edit");
            var saved = await WriteAsync(db, catalogue, draft, rule, note, cancellationToken);
            await transaction.CommitAsync(cancellationToken);
            return saved;
        }
        catch (RuleEditException refused)
        {
            return new RuleSaveResult.Invalid(Reasons(refused));
        }
    }

    /// <summary>Makes what an older version said the newest version; also for a deleted rule, which is put back.</summary>
    public async Task<RuleSaveResult> RestoreAsync(int ruleId, int version, Actor actor, string reason, CancellationToken cancellationToken)
    {
        await using var db = await gate.OpenAsync(actor, Permission.EditRules, environmentId: null, cancellationToken);
        var catalogue = await CatalogueAsync(db, ruleId, null, cancellationToken);
        await using var transaction = await db.Database.BeginTransactionAsync(cancellationToken);
        if (
            await LockedAsync(db, ruleId, cancellationToken) is not { } rule
            || await VersionAsync(db, ruleId, version, cancellationToken) is not { } wanted
        )
        {
            return new RuleSaveResult.NotFound();
        }
        try
        {
            var note = new RuleChangeNote(actor.Name, reason.Trim(), "rule.restore");
            var open = await catalogue.OpenAsync(db, rule, cancellationToken);
            // A file that was deleted begins anew.
            if (open.Document.DeletedAt is not null)
                open = open with { File = catalogue.Empty };
            var content = ServedRules.Content(rule, wanted);
            var (after, place) =
                rule.DeletedAt is null && RuleCatalogue.Locate(open.File, rule) is { } now
                    ? (RuleFileEditor.SetRule(open.File, now.Group.Index, now.Index, content), (now.Group.Index, now.Index))
                    : Added(open.File, rule.Group, content);
            var pin = new RulePin(rule.Id, place.Item1, place.Item2);
            await catalogue.CommitAsync(db, open.Document, after, note, pin, null, cancellationToken);
            await transaction.CommitAsync(cancellationToken);
            return new RuleSaveResult.Saved(rule.Id, rule.CurrentVersion);
        }
        catch (RuleEditException refused)
        {
            return new RuleSaveResult.Invalid(Reasons(refused));
        }
    }

    public async Task<RuleSaveResult> DeleteAsync(int ruleId, int basedOn, Actor actor, string reason, CancellationToken cancellationToken)
    {
        await using var db = await gate.OpenAsync(actor, Permission.EditRules, environmentId: null, cancellationToken);
        var catalogue = await CatalogueAsync(db, ruleId, null, cancellationToken);
        await using var transaction = await db.Database.BeginTransactionAsync(cancellationToken);
        if (await LockedAsync(db, ruleId, cancellationToken) is not { DeletedAt: null } rule)
            return new RuleSaveResult.NotFound();
        if (rule.CurrentVersion != basedOn)
            return await ChangedAsync(db, rule, cancellationToken);
        try
        {
            var open = await catalogue.OpenAsync(db, rule, cancellationToken);
            if (RuleCatalogue.Locate(open.File, rule) is not { } place)
                return new RuleSaveResult.NotFound();
            // A group that is empty now stays, with its interval and labels: the rule may be put back.
            var after = RuleFileEditor.RemoveRule(open.File, place.Group.Index, place.Index);
            var note = new RuleChangeNote(actor.Name, reason.Trim(), "rule.delete");
            await catalogue.CommitAsync(db, open.Document, after, note, null, null, cancellationToken);
            await transaction.CommitAsync(cancellationToken);
            return new RuleSaveResult.Saved(rule.Id, rule.CurrentVersion);
        }
        catch (RuleEditException refused)
        {
            return new RuleSaveResult.Invalid(Reasons(refused));
        }
    }

    /// <summary>Keeps the unit tests of the file a rule stands in, in promtool's form without <c>rule_files</c>.</summary>
    public async Task<RuleSaveResult> SaveTestsAsync(int ruleId, string tests, Actor actor, CancellationToken cancellationToken)
    {
        await using var db = await gate.OpenAsync(actor, Permission.EditRules, environmentId: null, cancellationToken);
        if (RuleTests.Fault(tests) is { } fault)
            return new RuleSaveResult.Invalid([fault]);
        var catalogue = await CatalogueAsync(db, ruleId, null, cancellationToken);
        await using var transaction = await db.Database.BeginTransactionAsync(cancellationToken);
        if (await LockedAsync(db, ruleId, cancellationToken) is not { DeletedAt: null } rule)
            return new RuleSaveResult.NotFound();
        try
        {
            var open = await catalogue.OpenAsync(db, rule, cancellationToken);
            if (open.Document.Tests != tests)
            {
                open.Document.Tests = tests;
                var note = new RuleChangeNote(actor.Name, "Unit tests", "rule-file.tests");
                await catalogue.AddVersionAsync(db, open.Document, note, cancellationToken);
            }
            await transaction.CommitAsync(cancellationToken);
            return new RuleSaveResult.Saved(rule.Id, rule.CurrentVersion);
        }
        catch (RuleEditException refused)
        {
            return new RuleSaveResult.Invalid(Reasons(refused));
        }
    }

    /// <summary>The whole file a rule stands in, with the draft in place of the rule: what lint, export and unit tests read. Nothing is
    /// written.</summary>
    /// <returns>The file, or why there is none.</returns>
    public async Task<(NamedDraftFile? File, IReadOnlyList<string> Faults)> PreviewAsync(
        RuleDraft draft,
        CancellationToken cancellationToken
    )
    {
        if (NameFault(draft) is { } fault)
            return (null, [fault]);
        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        var rule = draft.RuleId is { } id ? await RuleAsync(db, draft.EnvironmentId, id, cancellationToken) : null;
        if (draft.RuleId is not null && rule is null)
            return (null, ["This rule no longer exists."]);
        var catalogue = new RuleCatalogue(target, clock);
        try
        {
            var known = await db
                .RuleDocuments.AsNoTracking()
                .SingleOrDefaultAsync(one => one.EnvironmentId == draft.EnvironmentId && one.Name == draft.File, cancellationToken);
            var before = known is { DeletedAt: null } ? catalogue.Open(known).File : null;
            if (known is null && await catalogue.ServedAsync(db, draft.EnvironmentId, draft.File, cancellationToken) is { } served)
            {
                before = (await catalogue.PeekAsync(db, served, cancellationToken)).File;
            }
            var content = draft.Content;
            FileRule? place = null;
            if (rule is { DeletedAt: null })
            {
                var (name, own) = await catalogue.PeekAsync(db, rule, cancellationToken);
                if (name == draft.File)
                {
                    (before, place) = (own, RuleCatalogue.Locate(own, rule));
                    content = await AsWrittenAsync(db, rule, draft, place, cancellationToken);
                }
            }
            var (after, at) = Put(before ?? catalogue.Empty, place, draft.Group, content);
            return (new NamedDraftFile(draft.File, before, after, at.Group, at.Rule), []);
        }
        catch (RuleEditException refused)
        {
            return (null, Reasons(refused));
        }
    }

    private static async Task<RuleSaveResult> WriteAsync(
        ArchonDbContext db,
        RuleCatalogue catalogue,
        RuleDraft draft,
        AlertRule? rule,
        RuleChangeNote note,
        CancellationToken cancellationToken
    )
    {
        var from = rule is null ? null : await catalogue.OpenAsync(db, rule, cancellationToken);
        var place = rule is null ? null : RuleCatalogue.Locate(from!.File, rule);
        var content = rule is null ? draft.Content : await AsWrittenAsync(db, rule, draft, place, cancellationToken);
        if (
            rule is not null
            && from!.Document.Name == draft.File
            && place is not null
            && place.Group.Content.Name == draft.Group
            && place.Content.Says(content)
        )
        {
            return new RuleSaveResult.Saved(rule.Id, rule.CurrentVersion); // it says so already
        }
        OpenDocument to;
        if (from?.Document.Name == draft.File)
            to = from;
        else
        {
            to =
                await catalogue.FindAsync(db, draft.EnvironmentId, draft.File, cancellationToken)
                ?? (
                    await catalogue.ServedAsync(db, draft.EnvironmentId, draft.File, cancellationToken) is { } served
                        ? await catalogue.OpenAsync(db, served, cancellationToken)
                        : catalogue.Create(db, draft.EnvironmentId, draft.File)
                );
            // A file that was deleted begins anew.
            if (to.Document.DeletedAt is not null)
                to = to with { File = catalogue.Empty };
            if (from is not null && place is not null)
            {
                var without = RuleFileEditor.RemoveRule(from.File, place.Group.Index, place.Index);
                await catalogue.CommitAsync(db, from.Document, without, note, null, rule!.Id, cancellationToken);
                place = null;
            }
        }
        var (after, at) = Put(to.File, place, draft.Group, content);
        RulePin? pin = rule is null ? null : new RulePin(rule.Id, at.Group, at.Rule);
        await catalogue.CommitAsync(db, to.Document, after, note, pin, null, cancellationToken);
        if (rule is not null)
            return new RuleSaveResult.Saved(rule.Id, rule.CurrentVersion);
        var (group, name) = (after.Groups[at.Group].Content.Name, after.Groups[at.Group].Rules[at.Rule].Content.Name);
        var made = await db
            .AlertRules.Where(one => one.DocumentId == to.Document.Id && one.Group == group && one.Name == name && one.DeletedAt == null)
            .OrderByDescending(one => one.Ordinal)
            .FirstAsync(cancellationToken);
        return new RuleSaveResult.Saved(made.Id, made.CurrentVersion);
    }

    /// <summary>A rule that comes from the server is seen in the server's form. Where the person changed nothing, the file keeps its
    /// own.</summary>
    private static async Task<RuleContent> AsWrittenAsync(
        ArchonDbContext db,
        AlertRule rule,
        RuleDraft draft,
        FileRule? place,
        CancellationToken cancellationToken
    )
    {
        var seen = await VersionAsync(db, rule.Id, draft.BasedOn, cancellationToken);
        if (seen is null || place is null)
            return draft.Content;
        var written = place.Content;
        return draft.Content with
        {
            Expression = draft.Content.Expression == seen.Expression ? written.Expression : draft.Content.Expression,
            Labels = RuleContent.Same(draft.Content.Labels, seen.Labels) ? written.Labels : draft.Content.Labels,
            Annotations = RuleContent.Same(draft.Content.Annotations, seen.Annotations) ? written.Annotations : draft.Content.Annotations,
        };
    }

    /// <param name="place">Null for a rule that is not in the file yet.</param>
    private static (RuleFile File, (int Group, int Rule) At) Put(RuleFile file, FileRule? place, string group, RuleContent content)
    {
        if (place is null)
            return Added(file, group, content);
        if (place.Group.Content.Name == group)
        {
            return (RuleFileEditor.SetRule(file, place.Group.Index, place.Index, content), (place.Group.Index, place.Index));
        }
        return Added(RuleFileEditor.RemoveRule(file, place.Group.Index, place.Index), group, content);
    }

    private static (RuleFile File, (int Group, int Rule) At) Added(RuleFile file, string group, RuleContent content)
    {
        if (file.Groups.FirstOrDefault(one => one.Content.Name == group) is { } known)
        {
            return (RuleFileEditor.AddRule(file, known.Index, known.Rules.Count, content), (known.Index, known.Rules.Count));
        }
        return (RuleFileEditor.AddGroup(file, new GroupContent(group), [content]), (file.Groups.Count, 0));
    }

    /// <summary>The catalogue for one command, with the files read that it may have to take in.</summary>
    /// <param name="ruleId">The rule that is changed; null for a new one.</param>
    /// <param name="draft">Names the file that the rule goes to; null where it stays.</param>
    private async Task<RuleCatalogue> CatalogueAsync(ArchonDbContext db, int? ruleId, RuleDraft? draft, CancellationToken cancellationToken)
    {
        var catalogue = new RuleCatalogue(target, clock);
        var rule = await db
            .AlertRules.AsNoTracking()
            .SingleOrDefaultAsync(one => one.Id == ruleId && one.DocumentId == null, cancellationToken);
        var served = draft is null ? null : await catalogue.ServedAsync(db, draft.EnvironmentId, draft.File, cancellationToken);
        // Within the transaction they are read anew.
        db.ChangeTracker.Clear();
        foreach (var unread in (AlertRule?[])[rule, served])
        {
            if (unread is not null)
                await catalogue.ReadAheadAsync(unread.EnvironmentId, [unread.File], cancellationToken);
        }
        return catalogue;
    }

    private string? NameFault(RuleDraft draft) =>
        string.IsNullOrWhiteSpace(draft.Group) ? "Enter a group. Every rule belongs to one."
        // What the server reads from elsewhere keeps its name.
        : draft.RuleId is null && RuleTests.IsTestFile(draft.File) ? "A file of this name contains unit tests."
        : draft.RuleId is null ? target.NameFault(draft.File)
        : string.IsNullOrWhiteSpace(draft.File) ? "A rule file needs a name."
        : null;

    private static async Task<AlertRule?> LockedAsync(ArchonDbContext db, int ruleId, CancellationToken cancellationToken)
    {
        var environment = await db
            .AlertRules.AsNoTracking()
            .Where(rule => rule.Id == ruleId)
            .Select(rule => (int?)rule.EnvironmentId)
            .SingleOrDefaultAsync(cancellationToken);
        if (environment is not { } known)
            return null;
        await RuleCatalogue.LockAsync(db, known, cancellationToken);
        return await RuleAsync(db, known, ruleId, cancellationToken);
    }

    private static Task<AlertRuleVersion?> VersionAsync(ArchonDbContext db, int ruleId, int version, CancellationToken cancellationToken) =>
        db.AlertRuleVersions.AsNoTracking().SingleOrDefaultAsync(one => one.RuleId == ruleId && one.Number == version, cancellationToken);

    private static Task<AlertRule?> RuleAsync(ArchonDbContext db, int environmentId, int ruleId, CancellationToken cancellationToken) =>
        db.AlertRules.SingleOrDefaultAsync(rule => rule.Id == ruleId && rule.EnvironmentId == environmentId, cancellationToken);

    private static async Task<RuleSaveResult> ChangedAsync(ArchonDbContext db, AlertRule rule, CancellationToken cancellationToken) =>
        new RuleSaveResult.ChangedMeanwhile(
            RuleQueries.Row(
                await db
                    .AlertRuleVersions.AsNoTracking()
                    .SingleAsync(version => version.RuleId == rule.Id && version.Number == rule.CurrentVersion, cancellationToken)
            )
        );

    private static IReadOnlyList<string> Reasons(RuleEditException refused) =>
        refused.Refused.Count > 0 ? [.. refused.Refused.Select(error => error.Message).Distinct()] : [refused.Message];
}
