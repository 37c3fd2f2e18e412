using Archon.Data.Access;
using Archon.Data.Anomalies;
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
    public DbSet<AlertResponse> AlertResponses => Set<AlertResponse>();
    public DbSet<NotificationChannel> NotificationChannels => Set<NotificationChannel>();
    public DbSet<ApiToken> ApiTokens => Set<ApiToken>();
    public DbSet<UserSession> Sessions => Set<UserSession>();
    public DbSet<AuditEntry> AuditEntries => Set<AuditEntry>();
    public DbSet<StateChange> StateChanges => Set<StateChange>();
    public DbSet<ConsoleRun> ConsoleRuns => Set<ConsoleRun>();
    public DbSet<DataProtectionKey> DataProtectionKeys => Set<DataProtectionKey>();

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
