using Archon.Data.Audit;
using Archon.Data.Catalogue;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace Archon.Data.Rules;

/// <summary>What somebody did with an alert.</summary>
public enum AlertResponseKind
{
    /// <summary>Took note of it.</summary>
    Acknowledged,

    /// <summary>Something had to be done, and was.</summary>
    ActedOn,

    /// <summary>Nothing was wrong.</summary>
    FalsePositive,
}

/// <summary>What one person did with one firing of an alert.</summary>
public sealed class AlertResponse
{
    public long Id { get; set; }
    public int EnvironmentId { get; set; }
    public required string AlertName { get; set; }

    /// <summary>SHA-256 of the alert's labels in canonical text, in lower-case hex: names and values are the estate's own and of any length.</summary>
    public required string Fingerprint { get; set; }

    /// <summary>Start of the firing as it was seen, to the minute.</summary>
    public DateTimeOffset StartedAt { get; set; }

    /// <summary>The rule of the catalogue that it came from; null where none is known.</summary>
    public int? RuleId { get; set; }

    public AlertResponseKind Kind { get; set; }

    [Personal]
    public required string By { get; set; }
    public DateTimeOffset At { get; set; }
}

internal sealed class AlertResponseConfiguration : IEntityTypeConfiguration<AlertResponse>
{
    public void Configure(EntityTypeBuilder<AlertResponse> response)
    {
        response.HasOne<MonitoredEnvironment>().WithMany().HasForeignKey(r => r.EnvironmentId);
        response.HasOne<AlertRule>().WithMany().HasForeignKey(r => r.RuleId).OnDelete(DeleteBehavior.SetNull);
        response.Property(r => r.Fingerprint).HasMaxLength(64);
        response.Property(r => r.Kind).HasConversion<string>().HasMaxLength(16);
        response.Property(r => r.By).HasMaxLength(256);
        // Said twice is said once.
        response
            .HasIndex(r => new
            {
                r.EnvironmentId,
                r.Fingerprint,
                r.StartedAt,
                r.Kind,
            })
            .IsUnique();
        response.HasIndex(r => new { r.EnvironmentId, r.StartedAt });
    }
}
