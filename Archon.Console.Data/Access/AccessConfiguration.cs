using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace Archon.Data.Access;

internal sealed class ArchonUserConfiguration : IEntityTypeConfiguration<ArchonUser>
{
    public void Configure(EntityTypeBuilder<ArchonUser> user) => user.Property(u => u.DisplayName).HasMaxLength(128);
}

internal sealed class ApiTokenConfiguration : IEntityTypeConfiguration<ApiToken>
{
    public void Configure(EntityTypeBuilder<ApiToken> token)
    {
        token.Property(t => t.Name).HasMaxLength(128);
        token.Property(t => t.Prefix).HasMaxLength(16);
        token.Property(t => t.Role).HasMaxLength(16);
        token.HasOne<ArchonUser>().WithMany().HasForeignKey(t => t.OwnerId).OnDelete(DeleteBehavior.Cascade);
        token.HasIndex(t => t.Hash).IsUnique();
    }
}

internal sealed class UserSessionConfiguration : IEntityTypeConfiguration<UserSession>
{
    public void Configure(EntityTypeBuilder<UserSession> session)
    {
        session.ToTable("sessions");
        session.Property(s => s.Id).ValueGeneratedNever();
        session.Property(s => s.Role).HasMaxLength(16);
        session.Property(s => s.NewRole).HasMaxLength(16);
        session.Property(s => s.EndReason).HasConversion<string>().HasMaxLength(24);
        session.HasIndex(s => s.UserId);
        session.HasIndex(s => s.ExpiresAt);
    }
}

internal sealed class AuditEntryConfiguration : IEntityTypeConfiguration<AuditEntry>
{
    public void Configure(EntityTypeBuilder<AuditEntry> entry)
    {
        entry.Property(e => e.Actor).HasMaxLength(256);
        entry.Property(e => e.Action).HasMaxLength(64);
        entry.Property(e => e.Subject).HasMaxLength(512);
        entry.HasIndex(e => e.At);
        // A trigger counts those of one user in a day: no user may fill the tables.
        entry.HasIndex(e => new { e.Actor, e.At });
    }
}
