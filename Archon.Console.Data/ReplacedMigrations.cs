using System.Data.Common;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Migrations;

namespace Archon.Data;

/// <summary>The migrations that <c>Initial</c> replaced. A database that has all of them has its schema, so that it is recorded and not run.</summary>
public static class ReplacedMigrations
{
    public static IReadOnlyList<string> All { get; } =
    [
        "20261124015213_Initial",
        "20261125050648_ForecastsAndIncidents",
        "20261125072356_RuleDocuments",
        "20261125081057_IncidentFingerprints",
        "20261125081259_AlertResponses",
        "20261130042237_ScanAndTriageTimes",
        "20261130075956_UserSessions",
        "20261130082000_UserLimits",
    ];

    /// <summary>Their rows stay, so that a console of the version before can still run on the database.</summary>
    /// <exception cref="DatabaseAwayException">The database has some of them and not all.</exception>
    /// <exception cref="DbException">The database refused, or cannot be reached.</exception>
    internal static async Task RecordAsync(ArchonDbContext db, CancellationToken cancellationToken)
    {
        var first = db.Database.GetMigrations().First();
        var applied = (await db.Database.GetAppliedMigrationsAsync(cancellationToken)).ToHashSet(StringComparer.Ordinal);
        if (applied.Count == 0 || applied.Contains(first))
            return;
        if (!applied.IsSupersetOf(All))
        {
            throw new DatabaseAwayException(
                $"This database is too old to be updated in one step: its newest migration is {applied.Max(StringComparer.Ordinal)}. Start the last Archon 0.1 on it "
                    + "once, then this one; or name an empty database."
            );
        }
        var history = db.GetService<IHistoryRepository>();
        await db.Database.ExecuteSqlRawAsync(history.GetInsertScript(new HistoryRow(first, ProductInfo.GetVersion())), cancellationToken);
    }
}
