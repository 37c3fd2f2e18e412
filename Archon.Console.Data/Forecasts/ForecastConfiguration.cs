using Archon.Data.Catalogue;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace Archon.Data.Forecasts;

internal sealed class SeriesForecastConfiguration : IEntityTypeConfiguration<SeriesForecast>
{
    public void Configure(EntityTypeBuilder<SeriesForecast> forecast)
    {
        forecast.ToTable("series_forecasts");
        forecast.HasKey(f => f.SeriesId);
        forecast.Property(f => f.SeriesId).ValueGeneratedNever();
        forecast.HasOne<MonitoredEnvironment>().WithMany().HasForeignKey(f => f.EnvironmentId);
        forecast.HasOne<Watch>().WithMany().HasForeignKey(f => f.WatchId).OnDelete(DeleteBehavior.Cascade);
        forecast.HasOne<WatchedSeries>().WithOne().HasForeignKey<SeriesForecast>(f => f.SeriesId).OnDelete(DeleteBehavior.Cascade);
        forecast.HasOne<Service>().WithMany().HasForeignKey(f => f.ServiceId).OnDelete(DeleteBehavior.SetNull);
        forecast.Property(f => f.Outlook).HasMaxLength(512);
        forecast.HasIndex(f => new { f.EnvironmentId, f.ReachedAt });
        forecast.HasIndex(f => f.WatchId);
    }
}

internal sealed class PredictionConfiguration : IEntityTypeConfiguration<Prediction>
{
    public void Configure(EntityTypeBuilder<Prediction> prediction)
    {
        prediction.HasOne<MonitoredEnvironment>().WithMany().HasForeignKey(p => p.EnvironmentId);
        prediction.HasOne<Watch>().WithMany().HasForeignKey(p => p.WatchId).OnDelete(DeleteBehavior.Cascade);
        prediction.HasOne<WatchedSeries>().WithMany().HasForeignKey(p => p.SeriesId).OnDelete(DeleteBehavior.Cascade);
        prediction.HasOne<Service>().WithMany().HasForeignKey(p => p.ServiceId).OnDelete(DeleteBehavior.SetNull);
        prediction.Property(p => p.Kind).HasConversion<string>().HasMaxLength(16);
        prediction.Property(p => p.Outcome).HasConversion<string>().HasMaxLength(16);
        // One open prediction per series and kind: the database, not the job, settles a race.
        prediction
            .HasIndex(p => new { p.SeriesId, p.Kind })
            .IsUnique()
            .HasFilter("outcome = 'Open'")
            .HasDatabaseName("ix_predictions_open");
        prediction.HasIndex(p => new { p.EnvironmentId, p.MadeAt });
    }
}
