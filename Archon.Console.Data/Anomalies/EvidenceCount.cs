using Archon.Data.Catalogue;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace Archon.Data.Anomalies;

/// <summary>How many series of an environment had their rarest sample of an hour in one class of rarity. All processes that scan add to
/// it.</summary>
public sealed class EvidenceCount
{
    public int EnvironmentId { get; set; }

    /// <summary>When the hour began.</summary>
    public DateTimeOffset Hour { get; set; }

    /// <summary>From 0 (ordinary) on.</summary>
    public int RarityClass { get; set; }

    public long Series { get; set; }
}

internal sealed class EvidenceCountConfiguration : IEntityTypeConfiguration<EvidenceCount>
{
    public void Configure(EntityTypeBuilder<EvidenceCount> count)
    {
        count.ToTable("evidence_counts");
        count.HasKey(c => new
        {
            c.EnvironmentId,
            c.Hour,
            c.RarityClass,
        });
        count.HasOne<MonitoredEnvironment>().WithMany().HasForeignKey(c => c.EnvironmentId).OnDelete(DeleteBehavior.Cascade);
    }
}
