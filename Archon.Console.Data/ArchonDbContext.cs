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
using Microsoft.AspNetCore.DataProtection.EntityFrameworkCore;
using Microsoft.AspNetCore.Identity;
using Microsoft.AspNetCore.Identity.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore;

namespace Archon.Data;

public sealed class ArchonDbContext(DbContextOptions<ArchonDbContext> options)
    : IdentityDbContext<ArchonUser, ArchonRole, Guid>(options),
        IDataProtectionKeyContext
{
    public DbSet<MonitoredEnvironment> Environments => Set<MonitoredEnvironment>();
    public DbSet<Service> Services => Set<Service>();
    public DbSet<ServiceDependency> ServiceDependencies => Set<ServiceDependency>();
    public DbSet<Watch> Watches => Set<Watch>();
    public DbSet<WatchedSeries> WatchedSeries => Set<WatchedSeries>();
    public DbSet<Anomaly> Anomalies => Set<Anomaly>();
    public DbSet<EvidenceCount> EvidenceCounts => Set<EvidenceCount>();
    public DbSet<UncheckedSpan> UncheckedSpans => Set<UncheckedSpan>();
    public DbSet<SeriesForecast> SeriesForecasts => Set<SeriesForecast>();
    public DbSet<Prediction> Predictions => Set<Prediction>();
    public DbSet<Incident> Incidents => Set<Incident>();
    public DbSet<IncidentMember> IncidentMembers => Set<IncidentMember>();
    public DbSet<AlertRule> AlertRules => Set<AlertRule>();
    public DbSet<AlertRuleVersion> AlertRuleVersions => Set<AlertRuleVersion>();
    public DbSet<RuleDocument> RuleDocuments => Set<RuleDocument>();
    public DbSet<RuleDocumentVersion> RuleDocumentVersions => Set<RuleDocumentVersion>();
    public DbSet<RuleApply> RuleApplies => Set<RuleApply>();
    public DbSet<ActiveAlert> ActiveAlerts => Set<ActiveAlert>();
    public DbSet<AlertPoll> AlertPolls => Set<AlertPoll>();
    public DbSet<AlertResponse> AlertResponses => Set<AlertResponse>();
    public DbSet<NotificationChannel> NotificationChannels => Set<NotificationChannel>();
    public DbSet<ApiToken> ApiTokens => Set<ApiToken>();
    public DbSet<UserSession> Sessions => Set<UserSession>();
    public DbSet<AuditEntry> AuditEntries => Set<AuditEntry>();
    public DbSet<StateChange> StateChanges => Set<StateChange>();
    public DbSet<ConsoleRun> ConsoleRuns => Set<ConsoleRun>();
    public DbSet<Team> Teams => Set<Team>();
    public DbSet<TeamMember> TeamMembers => Set<TeamMember>();
    public DbSet<RolePermission> RolePermissions => Set<RolePermission>();
    public DbSet<DataProtectionKey> DataProtectionKeys => Set<DataProtectionKey>();

    /// <summary>Null on a context that is no command's: what jobs do is not audited.</summary>
    internal AuditNotes? Notes { get; private set; }

    /// <summary>From now on what is saved is audited: each change has to be noted before it is saved.</summary>
    /// <param name="actorId">Null for who is no user of the console, such as the console itself.</param>
    public void AuditAs(Guid? actorId, string actor) => Notes = new AuditNotes(actorId, actor);

    /// <summary>Says what the changes that are saved next do. The entry is written when the transaction commits, with the rows before and after.</summary>
    /// <param name="action">Such as <c>service.edit</c>.</param>
    /// <param name="subject">What is changed; asked for at the commit. It is hashed: no name of a person belongs in it.</param>
    /// <param name="subjectName">A person's name, where the subject is one.</param>
    /// <exception cref="InvalidOperationException">Nobody was named by <see cref="AuditAs"/>.</exception>
    public void Note(
        DateTimeOffset at,
        string action,
        Func<string> subject,
        string? detail,
        int? environmentId,
        string? subjectName = null
    ) => Add(new AuditNote(at, action, subject, subjectName, detail, environmentId));

    /// <summary>Notes that something was refused. Of one kind and day one entry is kept, with how often.</summary>
    public void NoteRefusal(DateTimeOffset at, string subject, string reason, int? environmentId) =>
        Add(new AuditNote(at, "refused", () => subject, null, reason, environmentId) { IsRefusal = true });

    private void Add(AuditNote note) =>
        (Notes ?? throw new InvalidOperationException("Who does it has to be named before it is noted.")).Pending.Add(note);

    public override async Task<int> SaveChangesAsync(bool acceptAllChangesOnSuccess, CancellationToken cancellationToken = default)
    {
        if (Notes is null || Database.CurrentTransaction is not null)
            return await base.SaveChangesAsync(acceptAllChangesOnSuccess, cancellationToken);
        // Without a transaction of its own there would be no moment between the change and its end to write the entry in.
        await using var transaction = await Database.BeginTransactionAsync(cancellationToken);
        var saved = await base.SaveChangesAsync(acceptAllChangesOnSuccess, cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return saved;
    }

    // Contexts come from a pool: the next command must not act in this one's name.
    public override ValueTask DisposeAsync()
    {
        Notes = null;
        return base.DisposeAsync();
    }

    public override void Dispose()
    {
        Notes = null;
        base.Dispose();
    }

    protected override void OnModelCreating(ModelBuilder builder)
    {
        base.OnModelCreating(builder);
        builder.Entity<ArchonUser>().ToTable("users");
        builder.Entity<ArchonRole>().ToTable("roles");
        builder.Entity<IdentityUserRole<Guid>>().ToTable("user_roles");
        builder.Entity<IdentityUserClaim<Guid>>().ToTable("user_claims");
        builder.Entity<IdentityUserLogin<Guid>>().ToTable("user_logins");
        builder.Entity<IdentityUserToken<Guid>>().ToTable("user_tokens");
        builder.Entity<IdentityRoleClaim<Guid>>().ToTable("role_claims");
        builder.HasSequence(AnomalyConfiguration.Ids);
        builder.HasSequence(UncheckedSpanConfiguration.Ids);
        builder.ApplyConfigurationsFromAssembly(typeof(ArchonDbContext).Assembly);
    }
}
