using Archon.Data.Catalogue;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace Archon.Data.Rules;

internal sealed class RuleDocumentConfiguration : IEntityTypeConfiguration<RuleDocument>
{
    public void Configure(EntityTypeBuilder<RuleDocument> document)
    {
        document.HasOne<MonitoredEnvironment>().WithMany().HasForeignKey(d => d.EnvironmentId);
        document.Property(d => d.Name).HasMaxLength(512);
        document.Property(d => d.ServerFile).HasMaxLength(1024);
        document.Property(d => d.Version).IsRowVersion();
        document.HasMany(d => d.Versions).WithOne().HasForeignKey(v => v.DocumentId).OnDelete(DeleteBehavior.Cascade);
        document.HasIndex(d => new { d.EnvironmentId, d.Name }).IsUnique();
    }
}

internal sealed class RuleDocumentVersionConfiguration : IEntityTypeConfiguration<RuleDocumentVersion>
{
    public void Configure(EntityTypeBuilder<RuleDocumentVersion> version)
    {
        version.Property(v => v.Author).HasMaxLength(256);
        version.HasIndex(v => new { v.DocumentId, v.Number }).IsUnique();
    }
}

internal sealed class RuleApplyConfiguration : IEntityTypeConfiguration<RuleApply>
{
    public void Configure(EntityTypeBuilder<RuleApply> apply)
    {
        apply.HasOne<MonitoredEnvironment>().WithMany().HasForeignKey(a => a.EnvironmentId);
        apply.Property(a => a.Author).HasMaxLength(256);
        apply.Property(a => a.Stage).HasConversion<string>().HasMaxLength(16);
        apply.HasJson(a => a.Files);
        // One at a time: the database, not the console, settles a race.
        apply.HasIndex(a => a.EnvironmentId).IsUnique().HasFilter("ended_at IS NULL");
    }
}
