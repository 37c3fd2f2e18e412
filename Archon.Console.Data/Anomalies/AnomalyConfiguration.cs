using Archon.Data.Catalogue;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace Archon.Data.Anomalies;

/// <summary>
/// A partitioned table: every unique index must hold the partition key, so "one open anomaly per series" cannot be an index. The
/// scan of a watch runs under that watch's advisory lock and reads the open anomalies inside it, which settles the race instead.
/// Ids come from a sequence, because identity columns reach partitions only from PostgreSQL 17 on.
/// </summary>
internal sealed class AnomalyConfiguration : IEntityTypeConfiguration<Anomaly>
{
    public const string Ids = "anomaly_ids";

    public void Configure(EntityTypeBuilder<Anomaly> anomaly)
    {
        anomaly.HasKey(a => new { a.Id, a.StartedAt });
        anomaly.Property(a => a.Id).HasDefaultValueSql($"nextval('{Ids}')").ValueGeneratedOnAdd();
        anomaly.HasOne<MonitoredEnvironment>().WithMany().HasForeignKey(a => a.EnvironmentId);
        anomaly.HasOne<Watch>().WithMany().HasForeignKey(a => a.WatchId).OnDelete(DeleteBehavior.Cascade);
        anomaly.HasOne<WatchedSeries>().WithMany().HasForeignKey(a => a.SeriesId).OnDelete(DeleteBehavior.Cascade);
        anomaly.HasOne<Service>().WithMany().HasForeignKey(a => a.ServiceId).OnDelete(DeleteBehavior.SetNull);
        anomaly.Property(a => a.Direction).HasConversion<string>().HasMaxLength(8);
        // The default is for a console of the version before, which may run on the same database.
        anomaly.Property(a => a.Severity).HasConversion<string>().HasMaxLength(16).HasDefaultValue(AnomalySeverity.Info);
        anomaly.Property(a => a.SeverityReason).HasMaxLength(256);
        anomaly.Property(a => a.Verdict).HasConversion<string>().HasMaxLength(16);
        anomaly.Property(a => a.Season).HasMaxLength(16);
        anomaly.Property(a => a.Explanation).HasMaxLength(512);
        anomaly.Property(a => a.EndReason).HasMaxLength(512);
        anomaly.HasJson(a => a.Votes);
        anomaly.Property(a => a.VerdictBy).HasMaxLength(256);
        anomaly
            .HasIndex(a => new
            {
                a.WatchId,
                a.SeriesId,
                a.StartedAt,
            })
            .IsUnique();
        anomaly.HasIndex(a => new { a.EnvironmentId, a.StartedAt }).HasFilter("ended_at IS NULL").HasDatabaseName("ix_anomalies_open");
        anomaly.HasIndex(a => new { a.EnvironmentId, a.EndedAt });
        anomaly.HasIndex(a => new { a.ServiceId, a.StartedAt });
        anomaly.ToTable(table =>
            table.HasCheckConstraint("ck_anomalies_probabilities", "score >= 0 AND score <= 1 AND confidence >= 0 AND confidence <= 1")
        );
    }
}

internal sealed class UncheckedSpanConfiguration : IEntityTypeConfiguration<UncheckedSpan>
{
    public const string Ids = "unchecked_span_ids";

    public void Configure(EntityTypeBuilder<UncheckedSpan> span)
    {
        span.HasKey(s => new { s.Id, s.From });
        span.Property(s => s.Id).HasDefaultValueSql($"nextval('{Ids}')").ValueGeneratedOnAdd();
        span.HasOne<MonitoredEnvironment>().WithMany().HasForeignKey(s => s.EnvironmentId);
        span.HasOne<Watch>().WithMany().HasForeignKey(s => s.WatchId).OnDelete(DeleteBehavior.Cascade);
        span.HasIndex(s => new { s.WatchId, s.From });
    }
}
