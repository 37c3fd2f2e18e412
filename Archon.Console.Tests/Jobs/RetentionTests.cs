using Archon.Data;
using Archon.Data.Access;
using Archon.Data.Alerts;
using Archon.Data.Anomalies;
using Archon.Data.Audit;
using Archon.Data.Catalogue;
using Archon.Data.Forecasts;
using Archon.Data.Incidents;
using Archon.Data.Notifications;
using Archon.Data.Rules;
using Archon.Data.States;
using Archon.Features.Access;
using Archon.Features.Rules.Catalogue;
using Archon.Jobs;
using Archon.Tests.Kit;
using Microsoft.AspNetCore.DataProtection.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;
using Xunit;

namespace Archon.Tests.Jobs;

/// <summary>What is deleted when it is old.</summary>
[SystemTest]
public sealed class RetentionTests(PostgresFixture postgres)
{
    private static readonly DateTimeOffset Now = new(2026, 11, 30, 12, 0, 0, TimeSpan.Zero);

    /// <summary>Rows that grow with time.</summary>
    private static readonly Type[] Kept =
    [
        typeof(Anomaly),
        typeof(UncheckedSpan),
        typeof(EvidenceCount),
        typeof(WatchedSeries),
        typeof(Prediction),
        typeof(Incident),
        typeof(AlertRuleVersion),
        typeof(RuleDocumentVersion),
        typeof(RuleApply),
        typeof(AlertResponse),
        typeof(ApiToken),
        typeof(UserSession),
        typeof(AuditEntry),
        typeof(StateChange),
    ];

    /// <summary>Rows that people or discovery make and end, and those that go with another row.</summary>
    private static readonly Type[] Catalogue =
    [
        typeof(MonitoredEnvironment),
        typeof(Service),
        typeof(ServiceDependency),
        typeof(Watch),
        typeof(SeriesForecast),
        typeof(IncidentMember),
        typeof(AlertRule),
        typeof(RuleDocument),
        typeof(NotificationChannel),
        typeof(ArchonUser),
        typeof(ArchonRole),
        typeof(Team),
        typeof(TeamMember),
        typeof(RolePermission),
        typeof(AuditChainHead),
        typeof(DataProtectionKey),
        typeof(ConsoleRun),
        typeof(ActiveAlert),
        typeof(AlertPoll),
    ];

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public void Every_table_has_a_retention_or_is_no_history()
    {
        using var db = new ArchonDbContext(new DbContextOptionsBuilder<ArchonDbContext>().UseNpgsql("Host=none").Options);

        var tables = db
            .Model.GetEntityTypes()
            .Where(type => !type.IsOwned())
            .Select(type => type.ClrType)
            .Where(type => type.Namespace!.StartsWith("Archon", StringComparison.Ordinal) || Catalogue.Contains(type));

        Assert.Equal(
            Kept.Concat(Catalogue).Select(type => type.Name).Order(StringComparer.Ordinal),
            tables.Select(type => type.Name).Order(StringComparer.Ordinal)
        );
    }

    [Fact]
    public async Task Audit_entries_go_by_whole_days_and_tokens_after_their_end()
    {
        await using var database = await postgres.NewDatabaseAsync();
        await using var db = await database.Contexts.CreateDbContextAsync(Token);
        var owner = new ArchonUser { UserName = "ada", NormalizedUserName = "ADA" };
        db.Add(owner);
        ApiToken Made(string name, DateTimeOffset? expires) =>
            new()
            {
                Name = name,
                OwnerId = owner.Id,
                Hash = System.Text.Encoding.UTF8.GetBytes(name),
                Prefix = name,
                Role = Roles.Viewer,
                CreatedAt = Now.AddDays(-900),
                ExpiresAt = expires,
            };
        AuditEntry Entry(string subject, TimeSpan ago) =>
            new()
            {
                At = Now - ago,
                Actor = "ada",
                Action = "test",
                Subject = subject,
                Detail = "",
            };
        db.AddRange(Made("endless", null), Made("ended long ago", Now.AddDays(-500)), Made("ended lately", Now.AddDays(-10)));
        db.AddRange(
            Entry("old", TimeSpan.FromDays(401)),
            Entry("in the morning of the first day", TimeSpan.FromDays(400) + TimeSpan.FromHours(11)),
            Entry("new", TimeSpan.Zero)
        );
        await db.SaveChangesAsync(Token);

        await CleanAsync(db, new AuditRetention(Options.Create(new AccessOptions())));

        Assert.Equal(["ended lately", "endless"], await db.ApiTokens.Select(token => token.Name).Order().ToListAsync(Token));
        Assert.Equal(
            ["in the morning of the first day", "new"],
            await db.AuditEntries.Select(entry => entry.Subject).Order().ToListAsync(Token)
        );
    }

    [Fact]
    public async Task Of_the_history_of_rules_what_counts_now_stays()
    {
        await using var database = await postgres.NewDatabaseAsync();
        await using var db = await database.Contexts.CreateDbContextAsync(Token);
        var (old, lately) = (Now.AddDays(-800), Now.AddDays(-10));
        var document = new RuleDocument
        {
            EnvironmentId = 1,
            Name = "a.yml",
            ServerFile = "a.yml",
            Content = [],
            CurrentVersion = 2,
            CreatedAt = old,
        };
        document.Versions.AddRange([FileVersion(1, old), FileVersion(2, old)]);
        var rule = new AlertRule
        {
            EnvironmentId = 1,
            File = "a.yml",
            Group = "g",
            Name = "High",
            CurrentVersion = 4,
            RunningVersion = 2,
        };
        rule.Versions.AddRange([Version(1, old), Version(2, old), Version(3, lately), Version(4, old)]);
        db.AddRange(document, rule);
        db.AddRange(Apply(RuleApplyStage.Done, old), Apply(RuleApplyStage.Stuck, old), Apply(RuleApplyStage.PutBack, old));
        db.AddRange(Response("a", old), Response("b", lately));
        await db.SaveChangesAsync(Token);

        await CleanAsync(db, new RuleRetention(Options.Create(new RuleOptions())));

        Assert.Equal([2, 3, 4], await db.AlertRuleVersions.Select(version => version.Number).Order().ToListAsync(Token));
        Assert.Equal([2], await db.RuleDocumentVersions.Select(version => version.Number).ToListAsync(Token));
        Assert.Equal(
            [RuleApplyStage.Stuck, RuleApplyStage.PutBack],
            await db.RuleApplies.OrderBy(apply => apply.Id).Select(apply => apply.Stage).ToListAsync(Token)
        );
        Assert.Equal(["b"], await db.AlertResponses.Select(response => response.Fingerprint).ToListAsync(Token));
    }

    private static async Task CleanAsync(ArchonDbContext db, IRetention retention)
    {
        db.ChangeTracker.Clear();
        await retention.CleanAsync(db, Now, Token);
    }

    private static AlertRuleVersion Version(int number, DateTimeOffset at) =>
        new()
        {
            Number = number,
            Expression = "up",
            Author = "ada",
            Reason = "",
            CreatedAt = at,
        };

    private static RuleDocumentVersion FileVersion(int number, DateTimeOffset at) =>
        new()
        {
            Number = number,
            Content = [],
            Tests = "",
            Author = "ada",
            Reason = "",
            CreatedAt = at,
        };

    private static RuleApply Apply(RuleApplyStage stage, DateTimeOffset at) =>
        new()
        {
            EnvironmentId = 1,
            Author = "ada",
            Stage = stage,
            StartedAt = at,
            ChangedAt = at,
            EndedAt = at,
        };

    private static AlertResponse Response(string fingerprint, DateTimeOffset at) =>
        new()
        {
            EnvironmentId = 1,
            AlertName = "High",
            Fingerprint = fingerprint,
            StartedAt = at,
            By = "ada",
            At = at,
        };
}
