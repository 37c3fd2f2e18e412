using Archon.Data.Catalogue;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace Archon.Data.Incidents;

internal sealed class IncidentConfiguration : IEntityTypeConfiguration<Incident>
{
    public void Configure(EntityTypeBuilder<Incident> incident)
    {
        incident.HasOne<MonitoredEnvironment>().WithMany().HasForeignKey(i => i.EnvironmentId);
        incident.HasOne<Incident>().WithMany().HasForeignKey(i => i.MergedIntoId).OnDelete(DeleteBehavior.SetNull);
        incident.Property(i => i.Title).HasMaxLength(256);
        incident.Property(i => i.Abstained).HasMaxLength(512);
        incident.HasJson(i => i.Hypotheses);
        incident.HasIndex(i => new { i.EnvironmentId, i.OpenedAt });
        incident
            .HasIndex(i => i.EnvironmentId)
            .HasFilter("resolved_at IS NULL AND merged_into_id IS NULL")
            .HasDatabaseName("ix_incidents_open");
    }
}

internal sealed class IncidentMemberConfiguration : IEntityTypeConfiguration<IncidentMember>
{
    public void Configure(EntityTypeBuilder<IncidentMember> member)
    {
        // A member is in one incident at a time, whoever places it. Alertmanagers of two environments may give two alerts one fingerprint.
        member.HasKey(m => new
        {
            m.EnvironmentId,
            m.Kind,
            m.Key,
        });
        member.HasOne<MonitoredEnvironment>().WithMany().HasForeignKey(m => m.EnvironmentId);
        member.HasOne<Incident>().WithMany(i => i.Members).HasForeignKey(m => m.IncidentId).OnDelete(DeleteBehavior.Cascade);
        member.HasOne<Service>().WithMany().HasForeignKey(m => m.ServiceId).OnDelete(DeleteBehavior.SetNull);
        member.Property(m => m.Kind).HasConversion<string>().HasMaxLength(16);
        member.Property(m => m.Key).HasMaxLength(128);
        member.Property(m => m.Title).HasMaxLength(256);
        member.Property(m => m.Reason).HasMaxLength(512);
    }
}
