using Archon.ConfigFiles.Rules;
using Archon.ConfigFiles.Rules.Lint;
using Archon.Data;
using Archon.Data.Rules;
using Archon.Features.Rules.Catalogue;
using Archon.Integrations;
using Microsoft.EntityFrameworkCore;

namespace Archon.Features.Rules.Apply;

public enum ReviewState
{
    /// <summary>Nothing to apply: the server is up to date.</summary>
    InStep,

    /// <summary>It can be applied.</summary>
    Ready,

    /// <summary>The target's file was changed by somebody else since the two last agreed: whose is wanted has to be chosen first.</summary>
    ChangedOutside,

    /// <summary>Something must be mended first; see the reasons.</summary>
    Blocked,
}

/// <summary>What an apply would do with one file.</summary>
/// <param name="Version">Of the document.</param>
/// <param name="Held">What the target holds; null: nothing.</param>
/// <param name="Wanted">What it would hold; null: nothing.</param>
/// <param name="Findings">Of the linter, without what the file accepts.</param>
public sealed record ReviewedFile(
    int DocumentId,
    string Name,
    int Version,
    byte[]? Held,
    byte[]? Wanted,
    ReviewState State,
    IReadOnlyList<RuleChange> Changes,
    IReadOnlyList<LintFinding> Findings,
    IReadOnlyList<string> Reasons
)
{
    /// <summary>Its last apply could not be put back as a whole: what the server runs of it is not known.</summary>
    public bool IsStuck { get; init; }

    /// <summary>The target contains something else than is wanted. Otherwise an apply has the server reload the file and verifies it.</summary>
    public bool Differs { get; init; } = true;
}

/// <param name="Target">In words.</param>
/// <param name="NotInCatalogue">Files of the target that the catalogue does not hold.</param>
public sealed record ApplyReview(string Target, IReadOnlyList<ReviewedFile> Files, IReadOnlyList<string> NotInCatalogue)
{
    public bool CanApply => Files.Any(file => file.State == ReviewState.Ready);
}

/// <summary>Holds the catalogue's files against the target's. Changes nothing.</summary>
public sealed class RuleReviewer(IDbContextFactory<ArchonDbContext> contexts, RuleTarget target)
{
    private const string StuckReason = "The last apply could not be put back as a whole. What the server runs of this file is unknown.";

    public async Task<Fetch<ApplyReview>> ReviewAsync(int environmentId, CancellationToken cancellationToken)
    {
        switch (await target.For(environmentId).ListAsync(cancellationToken))
        {
            case Fetch<IReadOnlyList<string>>.Ok { Value: var names }:
                await using (var db = await contexts.CreateDbContextAsync(cancellationToken))
                {
                    var documents = await db
                        .RuleDocuments.AsNoTracking()
                        .Where(one => one.EnvironmentId == environmentId)
                        .OrderBy(one => one.Name)
                        .ToListAsync(cancellationToken);
                    var living = documents.Where(one => one.DeletedAt is null).ToList();
                    var findings = Lint(living).Where(finding => finding.Accepted is null).ToLookup(finding => finding.File);
                    var stuck = await StuckFiles.OfAsync(db, environmentId, cancellationToken);
                    var files = new List<ReviewedFile>();
                    foreach (var document in documents)
                    {
                        if (document.DeletedAt is not null && document.AppliedContent is null && !stuck.Contains(document.Id))
                            continue;
                        files.Add(
                            await ReviewAsync(document, [.. findings[document.Name]], stuck.Contains(document.Id), cancellationToken)
                        );
                    }
                    var known = living.Select(one => one.Name).ToHashSet(StringComparer.Ordinal);
                    var foreign = names.Where(name => !known.Contains(name) && files.All(file => file.Name != name));
                    return new Fetch<ApplyReview>.Ok(new ApplyReview(target.Words, files, [.. foreign]));
                }
            case Fetch<IReadOnlyList<string>>.Rejected { Reason: var words }:
                return new Fetch<ApplyReview>.Rejected(words);
            case Fetch<IReadOnlyList<string>>.Unavailable { Reason: var reason }:
                return new Fetch<ApplyReview>.Unavailable(reason);
            default:
                throw new System.Diagnostics.UnreachableException();
        }
    }

    private async Task<ReviewedFile> ReviewAsync(
        RuleDocument document,
        IReadOnlyList<LintFinding> findings,
        bool isStuck,
        CancellationToken cancellationToken
    )
    {
        var wanted = document.DeletedAt is null ? document.Content : null;
        if (target.NameFault(document.Name) is not null || document.ServerFile != target.ServerFile(document.Name))
        {
            return Of(
                null,
                ReviewState.Blocked,
                target.NameFault(document.Name) ?? $"The server reads this file as {document.ServerFile}, which is outside {target.Words}."
            );
        }
        if (
            await target.For(document.EnvironmentId).ReadAsync(document.Name, cancellationToken)
            is not Fetch<byte[]?>.Ok { Value: var held }
        )
        {
            return Of(null, ReviewState.Blocked, $"The files of {target.Words} could not be read.");
        }
        var differs = !target.IsSame(held, wanted);
        if (!differs && !isStuck)
            return Of(held, ReviewState.InStep);
        if (differs && !target.IsSame(held, document.AppliedContent))
        {
            return Of(
                held,
                ReviewState.ChangedOutside,
                held is null ? $"The file is no longer in {target.Words}. Write it again, or delete it here too."
                    : wanted is null
                        ? $"The file was deleted in the catalogue and changed in {target.Words}. Keep it deleted, or import it."
                    : document.AppliedContent is null
                        ? $"A different file of this name is in {target.Words}. Compare, and choose for each rule."
                    : target.IsSame(wanted, document.AppliedContent)
                        ? "Only the target changed since the last apply. Compare, and keep ours or take theirs."
                    : "Both the target and the catalogue changed since the last apply. Compare, and choose for each rule."
            );
        }
        var errors = findings
            .Where(finding => finding.Severity == LintSeverity.Error)
            .Select(finding => $"line {finding.Line}: {finding.Message}")
            .ToArray();
        return errors.Length > 0 && wanted is not null ? Of(held, ReviewState.Blocked, errors) : Of(held, ReviewState.Ready);

        ReviewedFile Of(byte[]? now, ReviewState state, params string[] reasons) =>
            new(
                document.Id,
                document.Name,
                document.CurrentVersion,
                now,
                wanted,
                state,
                Changes(now, wanted),
                wanted is null ? [] : findings,
                isStuck ? [$"{StuckReason}{(state == ReviewState.Ready ? " Apply the file again." : "")}", .. reasons] : reasons
            )
            {
                IsStuck = isStuck,
                Differs = !target.IsSame(now, wanted),
            };
    }

    private IReadOnlyList<RuleChange> Changes(byte[]? before, byte[]? after) =>
        RuleFile.Read(before ?? [], out _, target.Language) is { } was
            ? RuleFileDiff.Between(was, RuleCatalogue.ReadOrEmpty(after, target.Language))
            : [];

    /// <summary>In the target's own language: what is meant for Loki may be PromQL by chance, and what is left from it may be none.</summary>
    private List<LintFinding> Lint(IReadOnlyList<RuleDocument> living)
    {
        var (files, refused) = (new List<NamedRuleFile>(), new List<LintFinding>());
        foreach (var document in living)
        {
            var file = RuleFile.Read(document.Content, out var errors, target.Language);
            if (file is not null)
                files.Add(new NamedRuleFile(document.Name, file));
            else
                refused.AddRange(RuleLinter.Refused(document.Name, errors));
        }
        return [.. RuleLinter.Lint(files), .. refused];
    }
}
