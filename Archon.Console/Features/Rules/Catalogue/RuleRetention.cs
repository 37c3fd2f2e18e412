using Archon.Data;
using Archon.Data.Rules;
using Archon.Jobs;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;

namespace Archon.Features.Rules.Catalogue;

/// <summary>The history of rules. What a rule or file says now, what runs, and the last apply stay, however old they are.</summary>
internal sealed class RuleRetention(IOptions<RuleOptions> options) : IRetention
{
    public async Task CleanAsync(ArchonDbContext db, DateTimeOffset now, CancellationToken cancellationToken)
    {
        var oldest = now - options.Value.HistoryRetention;
        await db
            .AlertRuleVersions.Where(version =>
                version.CreatedAt < oldest
                && !db.AlertRules.Any(rule =>
                    rule.Id == version.RuleId && (rule.CurrentVersion == version.Number || rule.RunningVersion == version.Number)
                )
            )
            .ExecuteDeleteAsync(cancellationToken);
        await db
            .RuleDocumentVersions.Where(version =>
                version.CreatedAt < oldest
                && !db.RuleDocuments.Any(document => document.Id == version.DocumentId && document.CurrentVersion == version.Number)
            )
            .ExecuteDeleteAsync(cancellationToken);
        await db
            .RuleApplies.Where(apply =>
                apply.EndedAt < oldest
                && apply.Stage != RuleApplyStage.Stuck
                && db.RuleApplies.Any(later => later.EnvironmentId == apply.EnvironmentId && later.Id > apply.Id)
            )
            .ExecuteDeleteAsync(cancellationToken);
        await db.AlertResponses.Where(response => response.At < oldest).ExecuteDeleteAsync(cancellationToken);
    }
}
