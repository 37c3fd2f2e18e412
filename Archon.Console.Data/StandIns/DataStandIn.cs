// A simple stand-in, so that jobs compile and are tested before the part "data" lands. Whoever lands it deletes this file in the same commit;
// Archon.Console/Features shows how the real types are called.
#nullable enable
#pragma warning disable CS1591, CA1815, CA1812, CA1034, CA1056, CA1062
using System.Text.Json;
using Archon.Data.Anomalies;
using Archon.Data.Catalogue;
using Archon.Data.Notifications;
using Archon.Data.Rules;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.ChangeTracking;
using Microsoft.EntityFrameworkCore.Metadata.Builders;
using Npgsql;

namespace Archon.Data;

#pragma warning disable CA1822, CA1708
public sealed record ArchonConnection(string ConnectionString);

public sealed class ArchonDatabase
{
    public Task WhenReadyAsync(CancellationToken cancellationToken) => Task.CompletedTask;
}

public sealed class ArchonNotifications(ArchonConnection connection)
{
    public async Task ListenAsync(string channel, Action<string> onPayload, CancellationToken cancellationToken)
    {
        await using var listener = new NpgsqlConnection(connection.ConnectionString);
        await listener.OpenAsync(cancellationToken);
        listener.Notification += (_, e) => onPayload(e.Payload);
        await using (var command = new NpgsqlCommand($"LISTEN {channel}", listener)) await command.ExecuteNonQueryAsync(cancellationToken);
        while (true) await listener.WaitAsync(cancellationToken);
    }
}

public static class Partitions
{
    public static Task EnsureAsync(ArchonDbContext db, DateTimeOffset now, CancellationToken cancellationToken) => Task.CompletedTask;
    public static Task DropOlderThanAsync(ArchonDbContext db, DateTimeOffset cutoff, CancellationToken cancellationToken) => Task.CompletedTask;
}

internal static class Json
{
    public static void AsJson<T>(this EntityTypeBuilder<T> entity, System.Linq.Expressions.Expression<Func<T, Dictionary<string, string>>> property) where T : class =>
        entity.Property(property).HasColumnType("jsonb").HasConversion(
            labels => JsonSerializer.Serialize(labels, JsonSerializerOptions.Default),
            text => JsonSerializer.Deserialize<Dictionary<string, string>>(text, JsonSerializerOptions.Default)!,
            new ValueComparer<Dictionary<string, string>>(
                (a, b) => JsonSerializer.Serialize(a, JsonSerializerOptions.Default) == JsonSerializer.Serialize(b, JsonSerializerOptions.Default), a => a.Count, a => new Dictionary<string, string>(a)));
}

internal sealed class C1 : IEntityTypeConfiguration<Service>
{
    public void Configure(EntityTypeBuilder<Service> b) { b.AsJson(x => x.Matchers); b.Property(x => x.Version).IsRowVersion(); b.HasIndex(x => new { x.EnvironmentId, x.Name }).IsUnique(); b.Property(x => x.Origin).HasConversion<string>(); }
}
internal sealed class C2 : IEntityTypeConfiguration<ServiceDependency>
{
    public void Configure(EntityTypeBuilder<ServiceDependency> b) { b.HasKey(x => new { x.CallerId, x.CalleeId }); b.HasOne<Service>().WithMany(x => x.Dependencies).HasForeignKey(x => x.CallerId); b.HasOne(x => x.Callee).WithMany().HasForeignKey(x => x.CalleeId); }
}
internal sealed class C3 : IEntityTypeConfiguration<Watch>
{
    public void Configure(EntityTypeBuilder<Watch> b) { b.Property(x => x.Version).IsRowVersion(); b.Property(x => x.Origin).HasConversion<string>(); b.HasIndex(x => new { x.EnvironmentId, x.Template }).IsUnique(); }
}
internal sealed class C4 : IEntityTypeConfiguration<WatchedSeries>
{
    public void Configure(EntityTypeBuilder<WatchedSeries> b) { b.AsJson(x => x.Labels); b.HasIndex(x => new { x.WatchId, x.LabelsKey }).IsUnique(); b.HasOne<Watch>().WithMany().HasForeignKey(x => x.WatchId); }
}
internal sealed class C5 : IEntityTypeConfiguration<Anomaly>
{
    public void Configure(EntityTypeBuilder<Anomaly> b) { b.HasKey(x => new { x.Id, x.StartedAt }); b.Property(x => x.Id).ValueGeneratedOnAdd(); b.HasIndex(x => new { x.WatchId, x.SeriesId, x.StartedAt }).IsUnique(); }
}
internal sealed class C6 : IEntityTypeConfiguration<UncheckedSpan>
{
    public void Configure(EntityTypeBuilder<UncheckedSpan> b) { b.HasKey(x => new { x.Id, x.From }); b.Property(x => x.Id).ValueGeneratedOnAdd(); }
}
internal sealed class C7 : IEntityTypeConfiguration<AlertRule>
{
    public void Configure(EntityTypeBuilder<AlertRule> b) { b.Property(x => x.Version).IsRowVersion(); b.HasMany(x => x.Versions).WithOne().HasForeignKey(x => x.RuleId); }
}
internal sealed class C8 : IEntityTypeConfiguration<AlertRuleVersion>
{
    public void Configure(EntityTypeBuilder<AlertRuleVersion> b) { b.AsJson(x => x.Labels); b.AsJson(x => x.Annotations); }
}
internal sealed class C9 : IEntityTypeConfiguration<NotificationChannel>
{
    public void Configure(EntityTypeBuilder<NotificationChannel> b) => b.Property(x => x.Version).IsRowVersion();
}
internal sealed class C10 : IEntityTypeConfiguration<MonitoredEnvironment>
{
    public void Configure(EntityTypeBuilder<MonitoredEnvironment> b) => b.HasData(new MonitoredEnvironment { Id = 1, Name = "local", CreatedAt = DateTimeOffset.UnixEpoch });
}
