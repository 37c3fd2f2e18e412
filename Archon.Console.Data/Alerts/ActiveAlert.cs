using Archon.Data.Catalogue;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace Archon.Data.Alerts;

public enum ActiveAlertState
{
    Firing,

    /// <summary>The condition of the rule is true, and its <c>for</c> has not passed yet.</summary>
    Pending,
}

/// <summary>By its label <c>severity</c>, worst first.</summary>
public enum AlertSeverity
{
    Critical,
    Warning,
    Info,
}

/// <summary>An alert that fires or is pending, as it was when the servers were last asked. Its row goes when it ends.</summary>
public sealed class ActiveAlert
{
    public long Id { get; set; }
    public int EnvironmentId { get; set; }

    /// <summary>SHA-256 of its labels, in lower-case hex.</summary>
    public required string Fingerprint { get; set; }

    /// <summary>The label <c>alertname</c>.</summary>
    public required string Name { get; set; }

    /// <summary>The rule that it comes from, as its server names it; null where only Alertmanager knows the alert.</summary>
    public string? RuleFile { get; set; }
    public string? RuleGroup { get; set; }

    /// <summary>Of several rules of one name in the group: 0 for the first.</summary>
    public int RuleOrdinal { get; set; }

    /// <summary>The service whose labels it carries; null where none is known.</summary>
    public int? ServiceId { get; set; }

    /// <summary>The team of the service, else the label <c>team</c>.</summary>
    public string? Team { get; set; }
    public AlertSeverity Severity { get; set; }
    public ActiveAlertState State { get; set; }

    /// <summary>It fires always, to prove that alerts arrive.</summary>
    public bool IsHeartbeat { get; set; }

    /// <summary>Names and values are cut to a limit; the fingerprint is of all.</summary>
    public Dictionary<string, string> Labels { get; set; } = [];

    /// <summary>The rendered texts, cut likewise.</summary>
    public Dictionary<string, string> Annotations { get; set; } = [];

    /// <summary>Of the expression at the last evaluation, to three significant digits; null where it is not known.</summary>
    public double? Value { get; set; }

    /// <summary>When it began to fire, or to be pending.</summary>
    public DateTimeOffset Since { get; set; }

    /// <summary>Who evaluates it: <c>Prometheus</c>, the name of a ruler, or <c>Alertmanager</c> where only that one knows it.</summary>
    public required string Source { get; set; }

    /// <summary>Null where Alertmanager does not have it.</summary>
    public string? AlertmanagerFingerprint { get; set; }

    /// <summary>Ids of the silences that suppress its notifications.</summary>
    public string[] SilencedBy { get; set; } = [];

    /// <summary>Fingerprints of the alerts that suppress its notifications.</summary>
    public string[] InhibitedBy { get; set; } = [];

    /// <summary>Names of its receivers in Alertmanager.</summary>
    public string[] Receivers { get; set; } = [];

    /// <summary>One of its receivers has an integration, so that somebody is notified. Null where that is not known.</summary>
    public bool? HasReceiver { get; set; }
}

/// <summary>How the last poll of an environment's alerts went, and how many there are in all. Of very many alerts not each one has a row.</summary>
public sealed class AlertPoll
{
    public int EnvironmentId { get; set; }
    public DateTimeOffset PolledAt { get; set; }

    /// <summary>When all servers that evaluate rules last answered; null where they never did.</summary>
    public DateTimeOffset? RulesCheckedAt { get; set; }

    /// <summary>Since when one of them does not answer, and why; null while they do.</summary>
    public DateTimeOffset? RulesFailingSince { get; set; }
    public string? RulesReason { get; set; }

    public DateTimeOffset? AlertmanagerCheckedAt { get; set; }
    public DateTimeOffset? AlertmanagerFailingSince { get; set; }
    public string? AlertmanagerReason { get; set; }

    /// <summary>Alerts that fire, without those that fire always.</summary>
    public int Firing { get; set; }

    /// <summary>Those of them that are not silenced, by severity.</summary>
    public int Critical { get; set; }
    public int Warning { get; set; }
    public int Info { get; set; }

    public int Silenced { get; set; }
    public int Pending { get; set; }

    /// <summary>Receivers of Alertmanager's configuration that have an integration; null where it was never read.</summary>
    public int? ReceiversWithIntegration { get; set; }

    /// <summary>Without a poll for so long, a stored alert says nothing of now.</summary>
    public static readonly TimeSpan CountsFor = TimeSpan.FromMinutes(10);
}

internal sealed class ActiveAlertConfiguration : IEntityTypeConfiguration<ActiveAlert>
{
    public void Configure(EntityTypeBuilder<ActiveAlert> alert)
    {
        alert.HasOne<MonitoredEnvironment>().WithMany().HasForeignKey(a => a.EnvironmentId).OnDelete(DeleteBehavior.Cascade);
        alert.HasOne<Service>().WithMany().HasForeignKey(a => a.ServiceId).OnDelete(DeleteBehavior.SetNull);
        alert.Property(a => a.Fingerprint).HasMaxLength(64);
        alert.Property(a => a.AlertmanagerFingerprint).HasMaxLength(64);
        alert.Property(a => a.State).HasConversion<string>().HasMaxLength(16);
        alert.Property(a => a.Severity).HasConversion<string>().HasMaxLength(16);
        alert.HasJson(a => a.Labels);
        alert.HasJson(a => a.Annotations);
        alert.HasIndex(a => new { a.EnvironmentId, a.Fingerprint }).IsUnique();
    }
}

internal sealed class AlertPollConfiguration : IEntityTypeConfiguration<AlertPoll>
{
    public void Configure(EntityTypeBuilder<AlertPoll> poll)
    {
        poll.HasKey(p => p.EnvironmentId);
        poll.Property(p => p.EnvironmentId).ValueGeneratedNever();
        poll.HasOne<MonitoredEnvironment>().WithMany().HasForeignKey(p => p.EnvironmentId).OnDelete(DeleteBehavior.Cascade);
    }
}
