using System.Diagnostics;
using System.Text;
using Archon.ConfigFiles.Rules;
using Archon.ConfigFiles.Rules.Lint;
using Archon.ConfigFiles.Yaml;
using Archon.Data;
using Archon.Data.Access;
using Archon.Data.Rules;
using Archon.Features.Access;
using Archon.Features.Rules.Catalogue;
using Archon.Integrations;
using Microsoft.EntityFrameworkCore;

namespace Archon.Features.Rules.Import;

/// <summary>A file as it came from outside.</summary>
/// <param name="Name">
/// Path relative to the rule folder. A name that ends in <c>_test.yml</c> holds the unit tests of the file of the name before.
/// </param>
/// <param name="IsFromTarget">It is what the target holds now; then the catalogue and the target agree on it.</param>
public sealed record IncomingFile(string Name, byte[] Content, bool IsFromTarget = false);

public abstract record ImportReview(string Name)
{
    /// <summary>Prometheus would refuse it, or it cannot have the name: nothing of it is taken.</summary>
    public sealed record Refused(string Name, IReadOnlyList<RuleFileError> Errors) : ImportReview(Name);

    /// <summary>The catalogue holds no file of the name.</summary>
    public sealed record IsNew(string Name, int Rules, IReadOnlyList<LintFinding> Findings) : ImportReview(Name);

    /// <summary>The catalogue holds one.</summary>
    /// <param name="BasedOn">The version of the file that was compared.</param>
    public sealed record Known(string Name, int BasedOn, MergeState State, IReadOnlyList<RuleChange> Changes) : ImportReview(Name);

    /// <summary>Unit tests.</summary>
    /// <param name="Of">The rule file they belong to; null where neither the catalogue nor the import holds it.</param>
    public sealed record Tests(string Name, string? Of, bool IsChanged) : ImportReview(Name);
}

public abstract record ImportResult(string Name)
{
    public sealed record Taken(string Name, int Version) : ImportResult(Name);

    public sealed record Unchanged(string Name, string Why) : ImportResult(Name);

    public sealed record Refused(string Name, IReadOnlyList<string> Reasons) : ImportResult(Name);

    /// <summary>Both sides changed it and nobody has chosen; nothing was written.</summary>
    public sealed record Conflict(string Name, int Conflicts) : ImportResult(Name);

    /// <summary>The catalogue's file changed since it was compared; nothing was written.</summary>
    public sealed record ChangedMeanwhile(string Name) : ImportResult(Name);
}

/// <summary>Whose to take of one file that the catalogue holds otherwise.</summary>
/// <param name="BasedOn">The version of the file that was compared.</param>
/// <param name="Side">Of each rule that differs.</param>
/// <param name="Form">Where the two differ only in how they are written.</param>
public sealed record ImportChoice(int BasedOn, Func<MergeRow, MergeSide> Side, MergeSide Form)
{
    /// <summary>What one side alone changed is taken from it, comments and form too; what both changed from the side that is given.</summary>
    public static ImportChoice OfConflicts(ImportReview.Known known, MergeSide side) =>
        new(known.BasedOn, row => row.IsConflict ? side : row.Side, known.State is MergeState.Both ? side : MergeSide.Theirs);
}

/// <summary>Takes rule files from outside into the catalogue. Never overwrites silently.</summary>
public sealed class RuleImporter(CommandGate gate, IDbContextFactory<ArchonDbContext> contexts, RuleTarget target, TimeProvider clock)
{
    /// <summary>Everything the target holds.</summary>
    /// <param name="only">The name of one file; null for all.</param>
    public async Task<Fetch<IReadOnlyList<IncomingFile>>> FromTargetAsync(
        int environmentId,
        string? only,
        CancellationToken cancellationToken
    )
    {
        var held = target.For(environmentId);
        var list = await held.ListAsync(cancellationToken);
        if (list is not Fetch<IReadOnlyList<string>>.Ok { Value: var names })
            return Failed(list);
        var files = new List<IncomingFile>();
        foreach (var name in names.Where(name => only is null || name == only))
        {
            switch (await held.ReadAsync(name, cancellationToken))
            {
                case Fetch<byte[]?>.Ok { Value: { } content }:
                    files.Add(new IncomingFile(name, content, IsFromTarget: true));
                    break;
                case Fetch<byte[]?>.Unavailable { Reason: var reason }:
                    return new Fetch<IReadOnlyList<IncomingFile>>.Unavailable(reason);
                case Fetch<byte[]?>.Rejected { Reason: var reason }:
                    return new Fetch<IReadOnlyList<IncomingFile>>.Rejected(reason);
            }
        }
        return new Fetch<IReadOnlyList<IncomingFile>>.Ok(files);

        static Fetch<IReadOnlyList<IncomingFile>> Failed(Fetch<IReadOnlyList<string>> answer) =>
            answer switch
            {
                Fetch<IReadOnlyList<string>>.Rejected { Reason: var reason } => new Fetch<IReadOnlyList<IncomingFile>>.Rejected(reason),
                Fetch<IReadOnlyList<string>>.Unavailable { Reason: var reason } => new Fetch<IReadOnlyList<IncomingFile>>.Unavailable(
                    reason
                ),
                _ => new Fetch<IReadOnlyList<IncomingFile>>.Ok([]),
            };
    }

    /// <summary>
    /// Brings every file that only the server knows into the catalogue: its own bytes where they can be read, otherwise put together.
    /// </summary>
    /// <returns>How many files came in.</returns>
    /// <exception cref="RuleEditException">The server tells a rule that no file can say.</exception>
    /// <exception cref="PermissionDeniedException">The actor may not edit rules.</exception>
    public async Task<int> TakeServerAsync(int environmentId, Actor actor, CancellationToken cancellationToken)
    {
        await using var db = await gate.OpenAsync(actor, Permission.EditRules, environmentId, cancellationToken);
        var unknown = db.AlertRules.Where(rule => rule.EnvironmentId == environmentId && rule.DocumentId == null && rule.DeletedAt == null);
        var catalogue = new RuleCatalogue(target, clock);
        await catalogue.ReadAheadAsync(
            environmentId,
            await unknown.Select(rule => rule.File).ToListAsync(cancellationToken),
            cancellationToken
        );
        await using var transaction = await db.Database.BeginTransactionAsync(cancellationToken);
        await RuleCatalogue.LockAsync(db, environmentId, cancellationToken);
        var rules = await unknown.ToListAsync(cancellationToken);
        var files = rules.GroupBy(rule => rule.File).Select(file => file.First()).ToList();
        foreach (var rule in files)
            await catalogue.OpenAsync(db, rule, cancellationToken);
        if (files.Count > 0)
        {
            db.Note(clock.GetUtcNow(), "rule-file.import", () => "rules", $"all that the server runs, {files.Count} files", environmentId);
            await db.SaveChangesAsync(cancellationToken);
        }
        await transaction.CommitAsync(cancellationToken);
        return files.Count;
    }

    /// <summary>What an import would do, file by file. Nothing is written.</summary>
    public async Task<IReadOnlyList<ImportReview>> ReviewAsync(
        int environmentId,
        IReadOnlyList<IncomingFile> files,
        CancellationToken cancellationToken
    )
    {
        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        var known = await db
            .RuleDocuments.AsNoTracking()
            .Where(one => one.EnvironmentId == environmentId)
            .ToDictionaryAsync(one => one.Name, cancellationToken);
        return [.. files.Select(file => Review(file, files, known))];
    }

    /// <param name="choices">For files that both sides changed.</param>
    /// <exception cref="PermissionDeniedException">The actor may not edit rules.</exception>
    public async Task<IReadOnlyList<ImportResult>> ImportAsync(
        int environmentId,
        IReadOnlyList<IncomingFile> files,
        IReadOnlyDictionary<string, ImportChoice> choices,
        Actor actor,
        string reason,
        CancellationToken cancellationToken
    )
    {
        await gate.RequireAsync(actor, Permission.EditRules, environmentId, cancellationToken);
        var results = new List<ImportResult>();
        // Rule files first: tests need theirs.
        foreach (var file in files.OrderBy(one => RuleTests.IsTestFile(one.Name)))
        {
            await using var db = await gate.OpenAsync(actor, Permission.EditRules, environmentId, cancellationToken);
            await using var transaction = await db.Database.BeginTransactionAsync(cancellationToken);
            await RuleCatalogue.LockAsync(db, environmentId, cancellationToken);
            try
            {
                var note = new RuleChangeNote(
                    actor.Name,
                    reason.Trim().Length > 0 ? reason.Trim()
                        : file.IsFromTarget ? $"Imported from {target.Words}"
                        : "Imported",
                    "rule-file.import"
                );
                results.Add(
                    RuleTests.IsTestFile(file.Name)
                        ? await ImportTestsAsync(db, environmentId, file, note, cancellationToken)
                        : await ImportAsync(db, environmentId, file, choices.GetValueOrDefault(file.Name), note, cancellationToken)
                );
                await transaction.CommitAsync(cancellationToken);
            }
            catch (RuleEditException refused)
            {
                results.Add(new ImportResult.Refused(file.Name, [refused.Message]));
            }
        }
        return results;
    }

    private ImportReview Review(IncomingFile file, IReadOnlyList<IncomingFile> all, Dictionary<string, RuleDocument> known)
    {
        if (RuleTests.IsTestFile(file.Name))
        {
            var names = known.Values.Where(one => one.DeletedAt is null).Select(one => one.Name);
            var owner = Owner(file.Name, names.Concat(all.Select(one => one.Name)));
            if (Tests(file, out var tests) is { } odd)
                return new ImportReview.Refused(file.Name, [odd]);
            return new ImportReview.Tests(file.Name, owner, owner is null || known.GetValueOrDefault(owner)?.Tests != tests);
        }
        if (target.NameFault(file.Name) is { } fault)
            return new ImportReview.Refused(file.Name, [new RuleFileError(0, 0, fault)]);
        if (RuleFile.Read(file.Content, out var errors, target.Language) is not { } read)
        {
            return new ImportReview.Refused(file.Name, errors);
        }
        if (known.GetValueOrDefault(file.Name) is not { DeletedAt: null } document)
        {
            return new ImportReview.IsNew(file.Name, read.Rules.Count(), RuleLinter.Lint([new NamedRuleFile(file.Name, read)]));
        }
        return new ImportReview.Known(
            file.Name,
            document.CurrentVersion,
            Compare(document, file),
            RuleFileDiff.Between(RuleCatalogue.Read(document.Content, target.Language), read)
        );
    }

    private async Task<ImportResult> ImportAsync(
        ArchonDbContext db,
        int environmentId,
        IncomingFile file,
        ImportChoice? choice,
        RuleChangeNote note,
        CancellationToken cancellationToken
    )
    {
        if (target.NameFault(file.Name) is { } fault)
            return new ImportResult.Refused(file.Name, [fault]);
        if (RuleFile.Read(file.Content, out var errors, target.Language) is not { } read)
        {
            return new ImportResult.Refused(file.Name, [.. errors.Select(error => error.ToString())]);
        }
        var catalogue = new RuleCatalogue(target, clock);
        var open = await catalogue.FindAsync(db, environmentId, file.Name, cancellationToken);
        if (open is not { Document.DeletedAt: null })
        {
            open ??= catalogue.Create(
                db,
                environmentId,
                file.Name,
                (await catalogue.ServedAsync(db, environmentId, file.Name, cancellationToken))?.File
            );
            return await TakeAsync(read);
        }
        var document = open.Document;
        if (choice is not null && choice.BasedOn != document.CurrentVersion)
            return new ImportResult.ChangedMeanwhile(file.Name);
        switch (Compare(document, file))
        {
            case MergeState.Same:
                await AgreeAsync();
                return new ImportResult.Unchanged(file.Name, "Identical to the catalogue.");
            case MergeState.OnlyOurs:
                await AgreeAsync();
                return new ImportResult.Unchanged(file.Name, "Only the catalogue changed since.");
            case MergeState.OnlyTheirs { Rows: var rows }:
                return await ChooseAsync(rows, MergeSide.Theirs);
            case MergeState.Both { Conflicts: > 0 and var conflicts } when choice is null:
                return new ImportResult.Conflict(file.Name, conflicts);
            case MergeState.Both { Rows: var rows }:
                return await ChooseAsync(rows, MergeSide.Ours);
            default:
                throw new UnreachableException();
        }

        async Task<ImportResult> ChooseAsync(IReadOnlyList<MergeRow> rows, MergeSide form)
        {
            // A ruler keeps no comments: of what it returns only what the rules say is taken.
            var keepsForm = file.IsFromTarget && !target.IsWhole;
            var merged =
                rows.Count > 0
                    ? RuleMerge.Take(document.Content, file.Content, target.Language, rows, row => choice?.Side(row) ?? row.Side, keepsForm)
                : (choice?.Form ?? form) == MergeSide.Theirs ? file.Content
                : document.Content;
            if (!merged.AsSpan().SequenceEqual(document.Content))
                return await TakeAsync(RuleCatalogue.Read(merged, target.Language));
            await AgreeAsync();
            return new ImportResult.Unchanged(file.Name, "The catalogue's own was chosen.");
        }

        async Task<ImportResult> TakeAsync(RuleFile taken)
        {
            Agree(open.Document, file);
            await catalogue.CommitAsync(db, open.Document, taken, note, null, null, cancellationToken);
            return new ImportResult.Taken(file.Name, open.Document.CurrentVersion);
        }

        Task AgreeAsync()
        {
            Agree(open.Document, file);
            if (!db.ChangeTracker.HasChanges())
                return Task.CompletedTask;
            db.Note(clock.GetUtcNow(), "rule-file.agree", () => $"rule file {document.Name}", note.Reason, environmentId);
            return db.SaveChangesAsync(cancellationToken);
        }
    }

    private async Task<ImportResult> ImportTestsAsync(
        ArchonDbContext db,
        int environmentId,
        IncomingFile file,
        RuleChangeNote note,
        CancellationToken cancellationToken
    )
    {
        if (Tests(file, out var tests) is { } fault)
            return new ImportResult.Refused(file.Name, [fault.ToString()]);
        var documents = await db
            .RuleDocuments.Where(one => one.EnvironmentId == environmentId && one.DeletedAt == null)
            .ToListAsync(cancellationToken);
        var owner = Owner(file.Name, documents.Select(one => one.Name));
        if (documents.FirstOrDefault(one => one.Name == owner) is not { } document)
        {
            return new ImportResult.Refused(file.Name, ["No rule file in the catalogue matches these tests."]);
        }
        if (document.Tests == tests)
            return new ImportResult.Unchanged(file.Name, "Identical to the catalogue.");
        document.Tests = tests;
        await new RuleCatalogue(target, clock).AddVersionAsync(db, document, note with { Action = "rule-file.tests" }, cancellationToken);
        return new ImportResult.Taken(file.Name, document.CurrentVersion);
    }

    /// <summary>From now on this is the common ground.</summary>
    private void Agree(RuleDocument document, IncomingFile file)
    {
        document.ImportedContent = file.Content;
        if (file.IsFromTarget)
            document.Agree(file.Content, clock.GetUtcNow());
    }

    private MergeState Compare(RuleDocument document, IncomingFile file) =>
        RuleMerge.Compare(
            Common(document, file),
            document.Content,
            file.Content,
            target.Language,
            // What people hand in is kept to the byte.
            (one, other) => file.IsFromTarget ? target.IsSame(one, other) : one.AsSpan().SequenceEqual(other)
        );

    private static byte[]? Common(RuleDocument document, IncomingFile file) =>
        file.IsFromTarget ? document.AppliedContent ?? document.ImportedContent : document.ImportedContent ?? document.AppliedContent;

    private static RuleFileError? Tests(IncomingFile file, out string tests)
    {
        tests = RuleTests.Import(Encoding.UTF8.GetString(file.Content));
        return RuleTests.Fault(tests) is { } fault ? new RuleFileError(0, 0, fault) : null;
    }

    private static string? Owner(string tests, IEnumerable<string> names) =>
        names.FirstOrDefault(name => !RuleTests.IsTestFile(name) && RuleTests.NameFor(name) == Path.ChangeExtension(tests, ".yml"));
}
