using Archon.Data.Catalogue;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace Archon.Data.Notifications;

internal sealed class NotificationChannelConfiguration : IEntityTypeConfiguration<NotificationChannel>
{
    public void Configure(EntityTypeBuilder<NotificationChannel> channel)
    {
        channel.HasOne<MonitoredEnvironment>().WithMany().HasForeignKey(c => c.EnvironmentId);
        channel.Property(c => c.Receiver).HasMaxLength(256);
        channel.Property(c => c.Kind).HasMaxLength(32);
        channel.Property(c => c.Version).IsRowVersion();
        channel
            .HasIndex(c => new
            {
                c.EnvironmentId,
                c.Receiver,
                c.Kind,
                c.Ordinal,
            })
            .IsUnique();
    }
}
