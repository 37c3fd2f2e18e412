using Archon.Data.Audit;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace Archon.Data.Access;

internal sealed class ArchonUserConfiguration : IEntityTypeConfiguration<ArchonUser>
{
    public void Configure(EntityTypeBuilder<ArchonUser> user)
    {
        user.Property(u => u.DisplayName).HasMaxLength(128);
        user.Property(u => u.TimeZone).HasMaxLength(64);
        user.Property(u => u.Contact).HasMaxLength(256);
    }
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
        entry.Property(e => e.SubjectName).HasMaxLength(256);
        // json and not jsonb: the hash covers the text as it was written.
        entry.Property(e => e.Changes).HasColumnType("json");
        entry.HasIndex(e => e.At);
        // A trigger counts those of one user in a day: no user may fill the tables.
        entry.HasIndex(e => new { e.Actor, e.At });
    }
}

internal sealed class AuditChainHeadConfiguration : IEntityTypeConfiguration<AuditChainHead>
{
    public void Configure(EntityTypeBuilder<AuditChainHead> head)
    {
        head.ToTable("audit_chain", table => table.HasCheckConstraint("ck_audit_chain_one_row", "id = 1"));
        head.Property(h => h.Id).ValueGeneratedNever();
        head.HasData(new AuditChainHead { StartHash = new byte[AuditChain.HashBytes], Hash = new byte[AuditChain.HashBytes] });
    }
}

internal sealed class TeamConfiguration : IEntityTypeConfiguration<Team>
{
    public void Configure(EntityTypeBuilder<Team> team)
    {
        team.Property(t => t.Name).HasMaxLength(Team.NameLength);
        team.HasIndex(t => t.Name).IsUnique();
    }
}

internal sealed class TeamMemberConfiguration : IEntityTypeConfiguration<TeamMember>
{
    public void Configure(EntityTypeBuilder<TeamMember> member)
    {
        member.HasKey(m => new { m.TeamId, m.UserId });
        member.HasOne<Team>().WithMany(t => t.Members).HasForeignKey(m => m.TeamId).OnDelete(DeleteBehavior.Cascade);
        member.HasOne<ArchonUser>().WithMany().HasForeignKey(m => m.UserId).OnDelete(DeleteBehavior.Cascade);
        member.HasIndex(m => m.UserId);
    }
}

internal sealed class RolePermissionConfiguration : IEntityTypeConfiguration<RolePermission>
{
    public void Configure(EntityTypeBuilder<RolePermission> permission)
    {
        permission.HasKey(p => new { p.Role, p.Permission });
        permission.Property(p => p.Role).HasMaxLength(16);
        permission.Property(p => p.Permission).HasMaxLength(64);
        permission.Property(p => p.Reach).HasConversion<string>().HasMaxLength(8);
    }
}
