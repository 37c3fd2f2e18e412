namespace Archon.Data.Notifications;

/// <summary>A place alerts are sent to: one integration of an Alertmanager receiver.</summary>
public sealed class NotificationChannel
{
    public int Id { get; set; }
    public int EnvironmentId { get; set; }

    /// <summary>Receiver in Alertmanager; with <see cref="Kind"/> and <see cref="Ordinal"/> the natural key.</summary>
    public required string Receiver { get; set; }
    public required string Kind { get; set; }
    public int Ordinal { get; set; }

    /// <summary>Where it goes, with every secret masked: an address, a host, a channel name.</summary>
    public required string Target { get; set; }
    public bool SendResolved { get; set; }
    public DateTimeOffset CreatedAt { get; set; }
    public DateTimeOffset? ServerSeenAt { get; set; }
    public DateTimeOffset? DeletedAt { get; set; }
    public uint Version { get; set; }
}
