using Archon.Data.Catalogue;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace Archon.Data.Rules;

internal sealed class AlertRuleConfiguration : IEntityTypeConfiguration<AlertRule>
{
    public void Configure(EntityTypeBuilder<AlertRule> rule)
    {
        rule.HasOne<MonitoredEnvironment>().WithMany().HasForeignKey(r => r.EnvironmentId);
        rule.Property(r => r.Kind).HasConversion<string>().HasMaxLength(16);
        rule.Property(r => r.ServerState).HasMaxLength(16);
        rule.Property(r => r.ServerHealth).HasMaxLength(16);
        rule.Property(r => r.Version).IsRowVersion();
        rule.HasMany(r => r.Versions).WithOne().HasForeignKey(v => v.RuleId).OnDelete(DeleteBehavior.Cascade);
        rule.HasOne<RuleDocument>().WithMany().HasForeignKey(r => r.DocumentId);
        rule.HasJsonOrNull(r => r.Served);
        rule.HasJson(r => r.GroupLabels);
        // A rule that is gone leaves its place to another.
        rule.HasIndex(r => new
            {
                r.EnvironmentId,
                r.File,
                r.Group,
                r.Name,
                r.Ordinal,
            })
            .IsUnique()
            .HasFilter("deleted_at IS NULL");
    }
}

internal sealed class AlertRuleVersionConfiguration : IEntityTypeConfiguration<AlertRuleVersion>
{
    public void Configure(EntityTypeBuilder<AlertRuleVersion> version)
    {
        version.HasJson(v => v.Labels);
        version.HasJson(v => v.Annotations);
        version.Property(v => v.Author).HasMaxLength(256);
        version.HasIndex(v => new { v.RuleId, v.Number }).IsUnique();
    }
}
