using Archon.Data;
using Archon.Data.Rules;
using Archon.Features.Rules.Catalogue;
using Archon.Integrations;
using Archon.Live;
using Microsoft.EntityFrameworkCore;

namespace Archon.Features.Rules.Apply;

/// <summary>One apply of the past, or the one that is under way.</summary>
public sealed record ApplyRow(
    long Id,
    string Author,
    RuleApplyStage Stage,
    IReadOnlyList<string> Files,
    string? Message,
    DateTimeOffset StartedAt,
    DateTimeOffset? EndedAt
);

/// <param name="EnvironmentId">The environment whose files were compared.</param>
/// <param name="Review">Not there where nothing could be compared.</param>
/// <param name="NotChecked">Why not.</param>
public sealed record ApplyPicture(
    int EnvironmentId,
    bool HasTarget,
    ApplyReview? Review,
    string? NotChecked,
    IReadOnlyList<ApplyRow> Applies
) : ISharedPicture
{
    public long Bytes =>
        (1000L * Applies.Count)
        + (Review?.Files.Sum(file => 1000L + (file.Held?.Length ?? 0) + (file.Wanted?.Length ?? 0) + (1000L * file.Changes.Count)) ?? 0);
}

public sealed class RuleApplyQueries(IDbContextFactory<ArchonDbContext> contexts, RuleReviewer reviewer, RuleTarget target)
{
    private const int MostApplies = 20;

    public async Task<ApplyPicture> PictureAsync(int environmentId, CancellationToken cancellationToken)
    {
        var review = await reviewer.ReviewAsync(environmentId, cancellationToken);
        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        var applies = await db
            .RuleApplies.AsNoTracking()
            .Where(apply => apply.EnvironmentId == environmentId)
            .OrderByDescending(apply => apply.Id)
            .Take(MostApplies)
            .ToListAsync(cancellationToken);
        return new ApplyPicture(
            environmentId,
            target.For(environmentId).IsThere,
            (review as Fetch<ApplyReview>.Ok)?.Value,
            review is Fetch<ApplyReview>.Ok ? null : review.Reason(),
            [
                .. applies.Select(apply => new ApplyRow(
                    apply.Id,
                    apply.Author,
                    apply.Stage,
                    [.. apply.Files.Select(file => file.Name)],
                    apply.Message,
                    apply.StartedAt,
                    apply.EndedAt
                )),
            ]
        );
    }
}
