using Archon.Data.Catalogue;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace Archon.Data.States;

internal sealed class StateChangeConfiguration : IEntityTypeConfiguration<StateChange>
{
    public void Configure(EntityTypeBuilder<StateChange> change)
    {
        change.HasOne<MonitoredEnvironment>().WithMany().HasForeignKey(c => c.EnvironmentId);
        change.Property(c => c.Subject).HasConversion<string>().HasMaxLength(16);
        change.Property(c => c.SubjectId).HasMaxLength(64);
        change.Property(c => c.State).HasMaxLength(32);
        change.Property(c => c.Reason).HasMaxLength(StateChangeLimits.Reason);
        change.HasJson(c => c.Figures);
        // The history of one subject in a range.
        change.HasIndex(c => new
        {
            c.EnvironmentId,
            c.Subject,
            c.SubjectId,
            c.At,
        });
        // The newest row of a subject by the order of writing: a time may come from a clock that was ahead.
        change.HasIndex(c => new
        {
            c.EnvironmentId,
            c.Subject,
            c.SubjectId,
            c.Id,
        });
        // All of an environment in a range.
        change.HasIndex(c => new { c.EnvironmentId, c.At });
        change.ToTable(table =>
            table.HasCheckConstraint("ck_state_changes_environment", "(environment_id IS NULL) = (subject = 'Console')")
        );
    }
}

public static class StateChangeLimits
{
    /// <summary>Characters of a reason.</summary>
    public const int Reason = 1024;
}

internal sealed class ConsoleRunConfiguration : IEntityTypeConfiguration<ConsoleRun>
{
    public void Configure(EntityTypeBuilder<ConsoleRun> run)
    {
        run.Property(r => r.Id).ValueGeneratedNever();
        run.Property(r => r.Host).HasMaxLength(256);
    }
}
