using Archon.Data.Access;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace Archon.Data.Catalogue;

internal sealed class MonitoredEnvironmentConfiguration : IEntityTypeConfiguration<MonitoredEnvironment>
{
    public void Configure(EntityTypeBuilder<MonitoredEnvironment> environment)
    {
        environment.ToTable("environments");
        environment.Property(e => e.Name).HasMaxLength(64);
        environment.HasIndex(e => e.Name).IsUnique();
        environment.HasData(
            new MonitoredEnvironment
            {
                Id = MonitoredEnvironment.DefaultId,
                Name = "local",
                CreatedAt = new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero),
            }
        );
    }
}

internal sealed class ServiceConfiguration : IEntityTypeConfiguration<Service>
{
    public void Configure(EntityTypeBuilder<Service> service)
    {
        service.HasOne<MonitoredEnvironment>().WithMany().HasForeignKey(s => s.EnvironmentId);
        service.Property(s => s.Name).HasMaxLength(256);
        service.Property(s => s.Kind).HasMaxLength(64);
        service.Property(s => s.Origin).HasConversion<string>().HasMaxLength(16);
        service.Property(s => s.Tier).HasConversion<string>().HasMaxLength(16);
        service.Property(s => s.Team).HasMaxLength(Team.NameLength);
        // Set by a trigger from the name.
        service.Property(s => s.TeamId).ValueGeneratedOnAddOrUpdate();
        service.HasOne<Team>().WithMany().HasForeignKey(s => s.TeamId).OnDelete(DeleteBehavior.SetNull);
        service.Property(s => s.EditedBy).HasMaxLength(256);
        service.Property(s => s.Version).IsRowVersion();
        service.HasJson(s => s.Matchers);
        service.HasIndex(s => new { s.EnvironmentId, s.Name }).IsUnique();
    }
}

internal sealed class ServiceDependencyConfiguration : IEntityTypeConfiguration<ServiceDependency>
{
    public void Configure(EntityTypeBuilder<ServiceDependency> dependency)
    {
        dependency.HasKey(d => new { d.CallerId, d.CalleeId });
        dependency.Property(d => d.Origin).HasConversion<string>().HasMaxLength(16);
        dependency.HasOne<Service>().WithMany(s => s.Dependencies).HasForeignKey(d => d.CallerId).OnDelete(DeleteBehavior.Cascade);
        dependency.HasOne(d => d.Callee).WithMany().HasForeignKey(d => d.CalleeId).OnDelete(DeleteBehavior.Cascade);
        dependency.ToTable(table => table.HasCheckConstraint("ck_service_dependencies_not_itself", "caller_id <> callee_id"));
    }
}

internal sealed class WatchConfiguration : IEntityTypeConfiguration<Watch>
{
    public void Configure(EntityTypeBuilder<Watch> watch)
    {
        watch.HasOne<MonitoredEnvironment>().WithMany().HasForeignKey(w => w.EnvironmentId);
        watch.Property(w => w.Name).HasMaxLength(256);
        watch.Property(w => w.Template).HasMaxLength(64);
        watch.Property(w => w.Signal).HasConversion<string>().HasMaxLength(16);
        watch.Property(w => w.Interesting).HasConversion<string>().HasMaxLength(8);
        watch.Property(w => w.Origin).HasConversion<string>().HasMaxLength(16);
        watch.Property(w => w.LimitSide).HasConversion<string>().HasMaxLength(8).HasDefaultValue(LimitSide.Ceiling);
        watch.Property(w => w.Unit).HasMaxLength(32);
        watch.Property(w => w.EditedBy).HasMaxLength(256);
        watch.Property(w => w.Version).IsRowVersion();
        // A template watches an environment once; watches made by hand have none and are not held to this.
        watch.HasIndex(w => new { w.EnvironmentId, w.Template }).IsUnique();
        watch.ToTable(table =>
        {
            table.HasCheckConstraint("ck_watches_sensitivity", "sensitivity >= 0 AND sensitivity <= 1");
            table.HasCheckConstraint("ck_watches_step", "step >= interval '1 second'");
        });
    }
}

internal sealed class WatchedSeriesConfiguration : IEntityTypeConfiguration<WatchedSeries>
{
    public void Configure(EntityTypeBuilder<WatchedSeries> series)
    {
        series.ToTable("watched_series");
        series.HasOne<MonitoredEnvironment>().WithMany().HasForeignKey(s => s.EnvironmentId);
        series.HasOne<Watch>().WithMany().HasForeignKey(s => s.WatchId).OnDelete(DeleteBehavior.Cascade);
        series.HasOne<Service>().WithMany().HasForeignKey(s => s.ServiceId).OnDelete(DeleteBehavior.SetNull);
        series.Property(s => s.Guarded).HasMaxLength(256);
        series.HasJson(s => s.Labels);
        series.HasIndex(s => new { s.WatchId, s.LabelsKey }).IsUnique();
        series.HasIndex(s => s.ServiceId);
    }
}
